// Reads and writes of registers as lines to server.cpp, which answers each on stdin
#include <stdio.h>
#include <stdlib.h>

#include "bench_mmio.h"

void need(int found, int wanted) {
    if (found != wanted) exit(3);
}

uint32_t bench_read(uintptr_t address) {
    unsigned data, response;
    printf("r %u\n", (unsigned)address);
    fflush(stdout);
    need(scanf("%u %u", &data, &response), 2);
    return response ? 0xDEADBEEFu : data;
}

void bench_write(uintptr_t address, uint32_t word) {
    unsigned response;
    printf("w %u %u\n", (unsigned)address, (unsigned)word);
    fflush(stdout);
    need(scanf("%u", &response), 1);
    if (response) exit(4);
}
