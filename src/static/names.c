/* What looks names up. The C library would load shared libraries into a static program for that;
 * xylem's endpoints are numeric, so here every name is unknown. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>

struct found {
    struct addrinfo info;
    struct sockaddr_in address;
};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    struct in_addr address;
    if (!node || service || !hints || hints->ai_family != AF_INET ||
        inet_pton(AF_INET, node, &address) != 1)
        return EAI_NONAME;
    struct found *found = calloc(1, sizeof *found);
    if (!found)
        return EAI_MEMORY;
    found->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = address};
    found->info = (struct addrinfo){.ai_family = AF_INET,
                                    .ai_socktype = hints->ai_socktype,
                                    .ai_protocol = hints->ai_protocol,
                                    .ai_addrlen = sizeof found->address,
                                    .ai_addr = (struct sockaddr *)&found->address};
    *result = &found->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info); /* the first member of what was allocated */
}

/* libpgm asks for the number of its protocol whenever libzmq begins; without an answer it takes the
 * usual number. */
int getprotobyname_r(const char *name, struct protoent *into, char *buffer, size_t size,
                     struct protoent **result)
{
    (void)name, (void)into, (void)buffer, (void)size;
    *result = NULL;
    return 0;
}
