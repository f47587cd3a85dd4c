/* Can a program be linked statically here? */
#include <zmq.h>

int main(void)
{
    void *context = zmq_ctx_new();
    return context && zmq_ctx_term(context) == 0 ? 0 : 1;
}
