// A Verilated accelerator that is spoken to in lines, as a processor with a DMA would: its clock runs while it answers.
//
//   r ADDRESS            -> DATA RESPONSE        a read at the AXI4-Lite port
//   w ADDRESS DATA       -> RESPONSE             a write
//   s K COUNT BEAT...    -> COUNT                beats for source K to send; the last one has tlast
//   m K CYCLES           -> COUNT LAST BEAT...   what has come out at sink K: a packet, or what there is after so many
//                                                cycles
//
// Numbers are decimal. A source offers what it has, a sink takes what comes. Who includes this names the streams.

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "Vdut.h"
#include "verilated.h"

namespace {

VerilatedContext context;
Vdut top{&context};
std::deque<std::pair<uint64_t, bool>> to_send[SOURCES], received[SINKS];

void cycle() {
    bool taken[SOURCES];
#define OFFER(K, PORT)                                    \
    top.PORT##_tvalid = !to_send[K].empty();              \
    if (!to_send[K].empty()) {                            \
        top.PORT##_tdata = to_send[K].front().first;      \
        top.PORT##_tlast = to_send[K].front().second;     \
    }
    EACH_SOURCE(OFFER)
#define OPEN(K, PORT) top.PORT##_tready = 1;
    EACH_SINK(OPEN)
    top.clk = 0;
    top.eval();
#define SEE(K, PORT) taken[K] = top.PORT##_tvalid && top.PORT##_tready;
    EACH_SOURCE(SEE)
#define KEEP(K, PORT) \
    if (top.PORT##_tvalid) received[K].emplace_back(top.PORT##_tdata, top.PORT##_tlast);
    EACH_SINK(KEEP)
    top.clk = 1;
    top.eval();
    for (unsigned k = 0; k < SOURCES; ++k) {
        if (taken[k]) to_send[k].pop_front();
    }
}

void read(unsigned address) {
    top.s_axil_araddr = address & 0xFFF;
    top.s_axil_arvalid = 1;
    do cycle();
    while (!top.s_axil_rvalid);
    top.s_axil_arvalid = 0;
    std::printf("%u %u\n", unsigned(top.s_axil_rdata), unsigned(top.s_axil_rresp));
    top.s_axil_rready = 1;
    cycle();
    top.s_axil_rready = 0;
}

void write(unsigned address, unsigned data) {
    top.s_axil_awaddr = address & 0xFFF;
    top.s_axil_wdata = data;
    top.s_axil_wstrb = 0xF;
    top.s_axil_awvalid = top.s_axil_wvalid = 1;
    cycle();
    top.s_axil_awvalid = top.s_axil_wvalid = 0;
    while (!top.s_axil_bvalid) cycle();
    std::printf("%u\n", unsigned(top.s_axil_bresp));
    top.s_axil_bready = 1;
    cycle();
    top.s_axil_bready = 0;
}

void send(unsigned source, unsigned count) {
    for (unsigned k = 0; k < count; ++k) {
        unsigned long long beat = 0;
        if (std::scanf("%llu", &beat) != 1) return;
        to_send[source].emplace_back(beat, k + 1 == count);
    }
    std::printf("%u\n", count);
}

void take(unsigned sink, unsigned patience) {
    std::vector<uint64_t> packet;
    bool last = false;
    while (!last) {
        for (; received[sink].empty() && patience; --patience) cycle();
        if (received[sink].empty()) break;
        packet.push_back(received[sink].front().first);
        last = received[sink].front().second;
        received[sink].pop_front();
    }
    std::printf("%zu %d", packet.size(), int(last));
    for (uint64_t beat : packet) std::printf(" %llu", static_cast<unsigned long long>(beat));
    std::printf("\n");
}

}  // namespace

int main() {
    char command = 0;
    unsigned first = 0, second = 0;
    top.rst = 1;
    for (int k = 0; k < 4; ++k) cycle();
    top.rst = 0;
    for (auto &beats : received) beats.clear();
    while (std::scanf(" %c %u", &command, &first) == 2) {
        if (command == 'r') read(first);
        if (command == 'w' && std::scanf("%u", &second) == 1) write(first, second);
        if (command == 's' && std::scanf("%u", &second) == 1 && first < SOURCES) send(first, second);
        if (command == 'm' && std::scanf("%u", &second) == 1 && first < SINKS) take(first, second);
        std::fflush(stdout);
    }
    return 0;
}
