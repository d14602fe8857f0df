// A Verilated accelerator that is spoken to in lines, as a processor with a DMA would: its clock runs while it answers.
//
//   r ADDRESS            -> DATA RESPONSE        a read at the AXI4-Lite port
//   w ADDRESS DATA       -> RESPONSE             a write
//   s COUNT BEAT...      -> COUNT                beats for the source to send; the last one has tlast
//   m CYCLES             -> COUNT LAST BEAT...   what has come out: a packet, or what there is after so many cycles
//
// Numbers are decimal. The source offers what it has, the sink takes what comes.

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
std::deque<std::pair<uint64_t, bool>> to_send, received;

void cycle() {
    top.s_axis_tvalid = !to_send.empty();
    if (!to_send.empty()) {
        top.s_axis_tdata = to_send.front().first;
        top.s_axis_tlast = to_send.front().second;
    }
    top.m_axis_tready = 1;
    top.clk = 0;
    top.eval();
    const bool taken = top.s_axis_tvalid && top.s_axis_tready;
    if (top.m_axis_tvalid) received.emplace_back(top.m_axis_tdata, top.m_axis_tlast);
    top.clk = 1;
    top.eval();
    if (taken) to_send.pop_front();
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

void send(unsigned count) {
    for (unsigned k = 0; k < count; ++k) {
        unsigned long long beat = 0;
        if (std::scanf("%llu", &beat) != 1) return;
        to_send.emplace_back(beat, k + 1 == count);
    }
    std::printf("%u\n", count);
}

void take(unsigned patience) {
    std::vector<uint64_t> packet;
    bool last = false;
    while (!last) {
        for (; received.empty() && patience; --patience) cycle();
        if (received.empty()) break;
        packet.push_back(received.front().first);
        last = received.front().second;
        received.pop_front();
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
    received.clear();
    while (std::scanf(" %c %u", &command, &first) == 2) {
        if (command == 'r') read(first);
        if (command == 'w' && std::scanf("%u", &second) == 1) write(first, second);
        if (command == 's') send(first);
        if (command == 'm') take(first);
        std::fflush(stdout);
    }
    return 0;
}
