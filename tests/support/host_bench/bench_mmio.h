// The registers behind the lines that server.cpp understands
#include <stdint.h>
void need(int found, int wanted);  // ends the program where the other end said less than it should
uint32_t bench_read(uintptr_t address);
void bench_write(uintptr_t address, uint32_t word);
#define LMU_MMIO_READ(base, offset) bench_read((base) + (offset))
#define LMU_MMIO_WRITE(base, offset, word) bench_write((base) + (offset), (word))
