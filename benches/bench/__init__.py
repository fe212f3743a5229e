"""Measures the gateway beside nginx and HAProxy."""
