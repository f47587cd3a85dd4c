// Timers, answers that come later or in parts, events, and nodes that ask nodes, in services of
// C++17: tokens in containers, lambdas as callbacks.
#include <cstdio>
#include <deque>
#include <string>

#include "xylem.h"

namespace
{

struct state {
    std::deque<xylem_token *> tokens;
    std::string said;
};

void answer(xylem_context *, void *owner)
{
    auto &own = *static_cast<state *>(owner);
    while (!own.tokens.empty()) {
        xylem_token *token = own.tokens.front();
        own.tokens.pop_front();
        xylem_token_reply(&token, XYLEM_OK, own.said.data(), own.said.size());
    }
}

int open(void **made, xylem_context *)
{
    *made = new state;
    return XYLEM_OK;
}

int exec(void *made, xylem_work *work)
{
    auto &own = *static_cast<state *>(made);
    xylem_context *context = xylem_work_context(work);
    own.said += xylem_work_text(work, nullptr);
    xylem_token *token = xylem_work_defer(work);
    if (token == nullptr || !xylem_token_wanted(token))
        return XYLEM_FAILED;
    own.tokens.push_back(token);
    xylem_context_room(
        context, [](xylem_context *, void *) {}, nullptr);
    if (xylem_token_send(token, "part ", 5) != XYLEM_OK ||
        xylem_context_publish(context, "topic", "event", 5) != XYLEM_OK)
        return XYLEM_FAILED;
    uint64_t unused = 0;
    auto never = [](xylem_context *, void *owner) { static_cast<state *>(owner)->said = "never"; };
    if (xylem_context_timer(context, 1, never, &own, &unused) != XYLEM_OK)
        return XYLEM_FAILED;
    xylem_context_timer_cancel(context, unused);
    return own.tokens.size() < 2 ? int{XYLEM_OK}
                                 : xylem_context_timer(context, 1, answer, &own, nullptr);
}

void end(void *made)
{
    answer(nullptr, made);
    delete static_cast<state *>(made);
}

// Waits for the answers of others, and watches its neighbours.
int call(void *, xylem_work *work)
{
    const xylem_outcome *const *outcomes = nullptr;
    size_t count = 0;
    xylem_context *context = xylem_work_context(work);
    xylem_context_watch(
        context, [](xylem_context *, void *) {}, nullptr);
    const std::string text = xylem_work_text(work, nullptr);
    if (xylem_context_parent(context) != 1 || xylem_context_children(context, nullptr, 0) != 0)
        return XYLEM_FAILED;
    int error = xylem_work_call(work, "3", text.data(), text.size(), -1, &outcomes, &count);
    std::string reply = "<";
    for (size_t i = 0; i < count; i++)
        reply.append(outcomes[i]->text, outcomes[i]->text_size);
    reply += ">";
    return error != XYLEM_OK ? error : xylem_work_reply(work, reply.data(), reply.size());
}

bool calls(xylem *network)
{
    const char *reply = nullptr;
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = "sum";
    bool right = xylem_create_with(network, 3, &options, nullptr) == XYLEM_OK;
    options.service = "call";
    right = right && xylem_create_with(network, 0, &options, nullptr) == XYLEM_OK;
    return right && xylem_exec(network, 0, "2 3 4", &reply) == XYLEM_OK &&
           std::string(reply) == "<7>";
}

bool answers(xylem *network)
{
    xylem_future *futures[2];
    bool right = xylem_create(network, 1, nullptr) == XYLEM_OK;
    for (int i = 0; right && i < 2; i++)
        right = xylem_start(network, 1, i == 0 ? "one," : "two", -1, &futures[i]) == XYLEM_OK;
    for (int i = 0; right && i < 2; i++) {
        const char *reply = nullptr;
        right = xylem_future_wait(futures[i], -1) == XYLEM_OK &&
                xylem_future_result(futures[i], &reply, nullptr) == XYLEM_OK &&
                std::string(reply) == "part one,two";
        xylem_future_free(&futures[i]);
    }
    return right;
}

// The chunks by a lambda, and the event.
bool streams(xylem *network)
{
    std::string text;
    xylem_future *futures[2];
    auto take = [](xylem_future *future, void *owner) {
        const char *chunk = nullptr;
        size_t size = 0;
        while (xylem_future_chunk(future, 0, &chunk, &size) == XYLEM_OK && chunk != nullptr)
            static_cast<std::string *>(owner)->append(chunk, size);
    };
    bool right = true;
    for (int i = 0; right && i < 2; i++)
        right = xylem_stream(network, 1, "", -1, &futures[i]) == XYLEM_OK;
    for (int i = 0; right && i < 2; i++) {
        xylem_future_each(futures[i], take, &text);
        right = xylem_future_wait(futures[i], -1) == XYLEM_OK;
    }
    right = right && xylem_run(network, 0) == XYLEM_OK && text == "part part ";
    for (int i = 0; i < 2; i++)
        xylem_future_free(&futures[i]);
    int events = 0;
    while (const xylem_event *event = xylem_next_event(network))
        events += event->kind == XYLEM_PUBLISHED && std::string(event->topic) == "topic" &&
                  std::string(event->bytes, event->bytes_size) == "event";
    return right && events == 4;
}

} // namespace

int main()
{
    xylem_service service = {};
    service.size = sizeof service;
    service.name = "tokens";
    service.exec = exec;
    service.close = service.release = end;
    service.open_with = open;
    xylem_service caller = {};
    caller.size = sizeof caller;
    caller.name = "call";
    caller.exec = call;
    caller.takes_long = true;
    if (xylem_register(&service) != XYLEM_OK || xylem_register(&caller) != XYLEM_OK)
        return 1;
    for (xylem_world world : {XYLEM_THREAD, XYLEM_SIMULATED}) {
        xylem_options options = XYLEM_OPTIONS;
        xylem *network = nullptr;
        options.world = world;
        options.service = "tokens";
        if (xylem_open(&network, &options) != XYLEM_OK)
            return 1;
        bool right = answers(network) && calls(network) && streams(network);
        xylem_close(&network);
        if (!right) {
            std::puts("the answers are wrong");
            return 1;
        }
    }
    return 0;
}
