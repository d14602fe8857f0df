// A program with the generated driver; the accelerator is at the other end of stdin and stdout. What it found goes to
// the file of the second argument, the sequences of numbers are in that of the first: SEQUENCES BEATS VALUE...
#include <stdio.h>
#include <stdlib.h>

#include "bench_mmio.h"
#include "lmu_net.h"

#define BASE ((uintptr_t)0x43C00000)
#define MOST 4096

static void send(const lmu_net_input *beats, unsigned count) {
    unsigned told;
    printf("s 0 %u", count);
    for (unsigned k = 0; k < count; ++k) printf(" %u", (unsigned)beats[k] & ((1u << 8 * sizeof beats[k]) - 1));
    printf("\n");
    fflush(stdout);
    need(scanf("%u", &told), 1);
}

static unsigned receive(lmu_net_output *beats) {
    unsigned count, last;
    unsigned long long beat;
    printf("m 0 20000\n");
    fflush(stdout);
    need(scanf("%u %u", &count, &last), 2);
    for (unsigned k = 0; k < count; ++k) {
        need(scanf("%llu", &beat), 1);
        if (k < MOST) beats[k] = (lmu_net_output)beat;
    }
    return count;
}

int main(int argc, char **argv) {
    static lmu_net_input in[MOST];
    static lmu_net_output out[MOST];
    unsigned sequences, beats;
    if (argc != 3) return 2;
    FILE *data = fopen(argv[1], "r"), *found = fopen(argv[2], "w");
    if (!data || !found) return 2;
    need(fscanf(data, "%u %u", &sequences, &beats), 2);

    fprintf(found, "probe %d\n", (int)lmu_net_probe(BASE));
    lmu_net_restart(BASE);
    fprintf(found, "values");
    for (unsigned n = 0; n < sequences; ++n) {
        for (unsigned k = 0; k < beats; ++k) {
            double value;
            need(fscanf(data, "%lf", &value), 1);
            if (!lmu_net_quantize(value, &in[k])) return 2;
        }
        send(in, beats);
        const unsigned count = receive(out);
        for (unsigned k = 0; k < count; ++k) fprintf(found, " %.17g", lmu_net_value(out[k]));
    }
    fprintf(found, "\nwait %d\n", (int)lmu_net_wait_sequences(BASE, sequences, 100));
    fprintf(found, "sequences %u\n", (unsigned)lmu_net_sequences(BASE));
    fprintf(found, "step_cycles %u\n", (unsigned)lmu_net_step_cycles(BASE));
    const uint64_t before = lmu_net_cycles(BASE), after = lmu_net_cycles(BASE);
    fprintf(found, "cycles %llu %llu\n", (unsigned long long)before, (unsigned long long)(after - before));
    fprintf(found, "clipped");
    for (uint32_t k = 0; lmu_net_counter_name(k); ++k) {
        fprintf(found, " %s %u", lmu_net_counter_name(k), (unsigned)lmu_net_clipped(BASE, k));
    }
    fprintf(found, " %u\n", (unsigned)lmu_net_clipped(BASE, 1000));

    send(in, beats - 1); // one too few
    lmu_net_cycles(BASE); // the clock runs while a register is read
    fprintf(found, "busy %d\n", (int)lmu_net_busy(BASE));
    receive(out);
    fprintf(found, "bad_framing %d %u", (int)lmu_net_wait_idle(BASE, 100), (unsigned)lmu_net_framing_errors(BASE));
    lmu_net_clear_framing(BASE);
    fprintf(found, " %d %u\n", (int)lmu_net_framing_error(BASE), (unsigned)lmu_net_framing_errors(BASE));
    lmu_net_restart(BASE);
    fprintf(found, "restarted %u %d\n", (unsigned)lmu_net_sequences(BASE), (int)lmu_net_wait_idle(BASE, 1));
    fprintf(found, "timeout %d\n", (int)lmu_net_wait_sequences(BASE, 1, 3));
    return fclose(found) ? 3 : 0;
}
