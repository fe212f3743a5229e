// Stands before fsync and fdatasync and obeys a file: "delay <milliseconds>", "fail", or nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int obey(const char *name, int descriptor) {
    char order[64] = "";
    const char *path = getenv("SYNCHRONIZATION");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        if (!fgets(order, sizeof order, file)) order[0] = 0;
        fclose(file);
    }
    if (!strncmp(order, "delay ", 6)) {
        long milliseconds = atol(order + 6);
        struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
        nanosleep(&time, NULL);
    } else if (!strncmp(order, "fail", 4)) {
        errno = EIO;
        return -1;
    }
    int (*really)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return really(descriptor);
}

int fsync(int descriptor) { return obey("fsync", descriptor); }
int fdatasync(int descriptor) { return obey("fdatasync", descriptor); }
