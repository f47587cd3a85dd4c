// xylem_sim.h in C++17: its structs and their defaults, its functions, an observer.
#include "xylem_sim.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

void check(bool holds, const char *what)
{
    if (holds)
        return;
    std::printf("does not hold: %s\n", what);
    std::exit(EXIT_FAILURE);
}

#define CHECK(condition) check(condition, #condition)

int echo(void *, xylem_work *work)
{
    std::size_t size;
    const char *text = xylem_work_text(work, &size);
    return xylem_work_reply(work, text, size);
}

void see(void *owner, const xylem_sim_event *event)
{
    if (event->kind == XYLEM_SIM_FAULTED)
        static_cast<std::vector<xylem_sim_fault> *>(owner)->push_back(event->fault);
}

std::string trace_of(std::uint64_t seed)
{
    char *text = nullptr;
    std::size_t size = 0;
    std::FILE *file = open_memstream(&text, &size);
    xylem_sim *sim;
    xylem *network;
    std::vector<xylem_sim_fault> faults;
    xylem_sim_options how = XYLEM_SIM_OPTIONS;
    xylem_sim_rule rule = XYLEM_SIM_RULE;
    xylem_options options = XYLEM_OPTIONS;
    const xylem_sim_counts *counts;
    how.seed = seed;
    options.service = "echo-cpp";
    CHECK(file && xylem_sim_open(&sim, &how) == XYLEM_OK);
    CHECK(xylem_sim_network(sim, &network, &options) == XYLEM_OK);
    CHECK(xylem_sim_trace(network, file) == XYLEM_OK);
    CHECK(xylem_sim_observe(sim, see, &faults) == XYLEM_OK);
    CHECK(xylem_create(network, 1, nullptr) == XYLEM_OK);
    rule.on = XYLEM_SIM_REQUEST | XYLEM_SIM_REPLY;
    rule.nth = 2;
    CHECK(xylem_sim_add(sim, &rule, nullptr) == XYLEM_OK);
    CHECK(xylem_exec(network, 1, "a", nullptr) == XYLEM_UNAVAILABLE);
    CHECK(faults == std::vector<xylem_sim_fault>{XYLEM_SIM_DROP});
    CHECK(xylem_sim_status(sim, &counts) == XYLEM_OK && counts->drops == 1);
    CHECK(xylem_sim_run(sim, 1000) == XYLEM_OK);
    xylem_close(&network);
    xylem_sim_close(&sim);
    std::fclose(file);
    std::string result(text, size);
    std::free(text);
    return result;
}

} // namespace

int main()
{
    xylem_service service{};
    service.size = sizeof service;
    service.name = "echo-cpp";
    service.exec = echo;
    CHECK(xylem_register(&service) == XYLEM_OK);
    CHECK(trace_of(5) == trace_of(5));
    CHECK(trace_of(5) != trace_of(6));
}
