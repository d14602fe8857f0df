// The driver of the network "fusion" on sequences that go through registers; the accelerator is at the other end of
// stdin and stdout. Arguments: a file with SEQUENCES COUNT, then the COUNT numbers of each, those of the left ear before
// the others; a file for what was found.
#include <stdio.h>
#include <stdlib.h>

#include "bench_mmio.h"
#include "lmu_fusion.h"

#define BASE ((uintptr_t)0x43C00000)
#define READS 1000
#define STEPS 4

static double number(FILE *data) {
    double value;
    need(fscanf(data, "%lf", &value), 1);
    return value;
}

int main(int argc, char **argv) {
    lmu_fusion_in_left_ear_t left[2 * STEPS];
    lmu_fusion_in_s_axis_t other[STEPS];
    lmu_fusion_out_both_t both[5 * STEPS];
    lmu_fusion_out_a_b_t vector[2];
    unsigned sequences, count;
    if (argc != 3) return 2;
    FILE *data = fopen(argv[1], "r"), *found = fopen(argv[2], "w");
    if (!data || !found) return 2;
    need(fscanf(data, "%u %u", &sequences, &count), 2);

    fprintf(found, "probe %d\n", (int)lmu_fusion_probe(BASE));
    fprintf(found, "ports %d\n", (int)lmu_fusion_infer(BASE, left, other, both, vector, READS));
    lmu_fusion_restart_mapped(BASE);
    fprintf(found, "values");
    for (unsigned n = 0; n < sequences; ++n) {
        for (unsigned k = 0; k < 2 * STEPS; ++k) if (!lmu_fusion_in_left_ear_quantize(number(data), &left[k])) return 2;
        for (unsigned k = 0; k < STEPS; ++k) if (!lmu_fusion_in_s_axis_quantize(number(data), &other[k])) return 2;
        const int result = (int)lmu_fusion_infer(BASE, left, other, both, vector, READS);
        fprintf(found, " %d", result);
        for (unsigned k = 0; k < 5 * STEPS; ++k) fprintf(found, " %.17g", lmu_fusion_out_both_value(both[k]));
        for (unsigned k = 0; k < 2; ++k) fprintf(found, " %.17g", lmu_fusion_out_a_b_value(vector[k]));
        if (result) break;
    }
    fprintf(found, "\ncounts %u %u %d\n", (unsigned)lmu_fusion_sequences(BASE), (unsigned)lmu_fusion_step_cycles(BASE),
            (int)lmu_fusion_busy(BASE));

    // Each stream alone, on the last sequence; what was cut by a restart does not come
    fprintf(found, "nothing %d\n", (int)lmu_fusion_out_a_b_receive(BASE, vector, 5));
    fprintf(found, "alone %d", (int)lmu_fusion_in_s_axis_send(BASE, other, READS));
    fprintf(found, " %d", (int)lmu_fusion_busy(BASE));
    fprintf(found, " %d", (int)lmu_fusion_in_left_ear_send(BASE, left, READS));
    fprintf(found, " %d", (int)lmu_fusion_out_both_receive(BASE, both, READS));
    fprintf(found, " %d\n", (int)lmu_fusion_out_a_b_receive(BASE, vector, READS));
    lmu_fusion_restart_mapped(BASE);
    fprintf(found, "again %d", (int)lmu_fusion_busy(BASE));
    fprintf(found, " %d", (int)lmu_fusion_infer(BASE, left, other, both, vector, READS));
    for (unsigned k = 0; k < 2; ++k) fprintf(found, " %.17g", lmu_fusion_out_a_b_value(vector[k]));
    fprintf(found, "\n");
    return fclose(found) ? 3 : 0;
}
