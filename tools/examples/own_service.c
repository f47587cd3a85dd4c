/* A service of one's own: three nodes that turn letters into capitals.
 *
 *     own_service thread|ipc|tcp|simulated
 *
 * A service is one function, and what a node keeps between two calls of it, which is nothing here.
 * Every program of the network has to know it before it may become a worker: xylem_register comes
 * before xylem_worker, and both come first in main.
 */
#include <ctype.h>

#include "world.h"

/* "abc" is answered with "ABC". */
static int upper(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    char *capitals = malloc(size + 1);
    (void)state;
    if (!capitals)
        return XYLEM_NO_MEMORY;
    for (size_t i = 0; i < size; i++)
        capitals[i] = (char)toupper((unsigned char)text[i]);
    int error = xylem_work_reply(work, capitals, size);
    free(capitals);
    return error;
}

static const xylem_service service = XYLEM_SERVICE(.name = "upper", .exec = upper);

/* Node 50 is the topmost one; 25 is below it to the left, and 75 to the right. */
static int use(xylem *network)
{
    static const int64_t ids[] = {50, 25, 75};
    const char *reply;
    int error = XYLEM_OK;
    for (size_t i = 0; !error && i < 3; i++)
        error = xylem_create(network, ids[i], NULL);
    for (size_t i = 0; !error && i < 3; i++) {
        error = xylem_exec(network, ids[i], "roots, stem and leaves", &reply);
        if (!error)
            printf("node %d: %s\n", (int)ids[i], reply);
    }
    return error;
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    if (xylem_register(&service))
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    options.service = "upper";
    xylem *network = open_network(argv, options);
    return close_network(network, use(network));
}
