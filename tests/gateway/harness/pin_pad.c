/* A card reader at which the PIN is typed, as a PKCS#11 module: it forwards to MODULE and logs in by itself. */

#include <dlfcn.h>
#include <string.h>

#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)

typedef unsigned long number;
typedef number (*function)();

/* Places in PKCS#11's list of functions, and what of its structures is touched here. */
enum { GET_FUNCTION_LIST = 3, GET_TOKEN_INFO = 6, OPEN_SESSION = 12, LOGIN = 18, FUNCTIONS = 68 };
enum { LOGIN_REQUIRED = 0x4, USER = 1, GENERAL_ERROR = 5 };
struct functions { unsigned char version[2]; function at[FUNCTIONS]; };
struct token_info { char texts[96]; number flags; };

static struct functions *card, reader;

static number get_token_info(number slot, struct token_info *info) {
    number result = card->at[GET_TOKEN_INFO](slot, info);
    if (result == 0) info->flags &= ~(number)LOGIN_REQUIRED;
    return result;
}

static number open_session(number slot, number flags, void *application, void *notify, number *session) {
    number result = card->at[OPEN_SESSION](slot, flags, application, notify, session);
    if (result == 0) card->at[LOGIN](*session, (number)USER, TEXT(PIN), (number)strlen(TEXT(PIN)));
    return result;
}

number C_GetFunctionList(struct functions **list) {
    if (!card) {
        void *module = dlopen(TEXT(MODULE), RTLD_NOW);
        function get = module ? (function)dlsym(module, "C_GetFunctionList") : 0;
        if (!get || get(&card)) return GENERAL_ERROR;
        reader = *card;
        reader.at[GET_FUNCTION_LIST] = (function)C_GetFunctionList;
        reader.at[GET_TOKEN_INFO] = (function)get_token_info;
        reader.at[OPEN_SESSION] = (function)open_session;
    }
    *list = &reader;
    return 0;
}
