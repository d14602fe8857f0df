// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_MATRIX_H_
#define NNET_LMU_MATRIX_H_

// Products of a matrix and a vector, a tile of the matrix in each iteration of a pipelined loop.
//
// A tile of INPUTS x COLUMNS takes as many multipliers, and the iterations are rows / INPUTS times width / COLUMNS. Its
// weights lie in one word of a ROM, WORD of them. A tile that is the whole matrix (Strategy Latency) is one iteration:
// all loops are unrolled. Tiles are chosen at conversion: either they have all the columns, or one input.

#include "nnet_lmu_numbers.h"

namespace nnet {

template <unsigned INPUTS, unsigned COLUMNS, unsigned WORD> struct lmu_tile {
    static const unsigned inputs = INPUTS;
    static const unsigned columns = COLUMNS;
    static const unsigned word = WORD;
};

const unsigned lmu_shallow = 64; // words of a ROM that is made of LUTs

// A type that holds every value of two accumulators.
template <class a_T, class b_T> struct lmu_either {
    static const int a_fraction = lmu_fraction<a_T>::value, b_fraction = lmu_fraction<b_T>::value;
    static const int a_integer = a_T::width - a_fraction, b_integer = b_T::width - b_fraction;
    static const int fraction = a_fraction > b_fraction ? a_fraction : b_fraction;
    static const int integer = a_integer > b_integer ? a_integer : b_integer;
    typedef lmu_fixed<fraction + integer, integer> type;
};

// sum = bias, or 0 without one.
template <unsigned COUNT, bool BIAS, class bias_T, class acc_T>
void lmu_begin(const bias_T bias[BIAS ? COUNT : 1], acc_T sum[COUNT]) {
    #pragma HLS INLINE
BeginLoop:
    for (unsigned k = 0; k < COUNT; k++) {
        #pragma HLS UNROLL
        if (BIAS)
            sum[k] = lmu_rounded<acc_T>(bias[k]); // exactly
        else
            sum[k] = 0;
    }
}

// sum[k] += sum_i w[i][k] v[i] for the COUNT columns from FIRST on of w, which has N rows of WIDTH; acc_T holds every
// partial sum exactly. Of a tile, the share of these columns is taken.
template <unsigned N, unsigned WIDTH, unsigned FIRST, unsigned COUNT, class tile, class v_T, class w_T, class acc_T>
void lmu_multiply(const v_T v[N], const w_T w[N * WIDTH], acc_T sum[WIDTH]) {
    #pragma HLS INLINE
    #pragma HLS ARRAY_RESHAPE variable=w cyclic factor=tile::word
    const unsigned words = N * WIDTH / tile::word;
#if defined(__VIVADO_HLS__) && !defined(__VITIS_HLS__) // which has no BIND_STORAGE
    if (words > lmu_shallow) {
        #pragma HLS RESOURCE variable=w core=ROM_2P_BRAM
    } else if (words > 1) {
        #pragma HLS RESOURCE variable=w core=ROM_2P_LUTRAM
    }
#else
    if (words > lmu_shallow) {
        #pragma HLS BIND_STORAGE variable=w type=rom_2p impl=bram
    } else if (words > 1) {
        #pragma HLS BIND_STORAGE variable=w type=rom_2p impl=lutram
    }
#endif
    const unsigned columns = COUNT * tile::columns / WIDTH; // of a tile, among the COUNT
ColumnLoop:
    for (unsigned column = 0; column < COUNT; column += columns) {
    RowLoop:
        for (unsigned row = 0; row < N; row += tile::inputs) {
            #pragma HLS PIPELINE II=1
        InputLoop:
            for (unsigned i = 0; i < tile::inputs; i++) {
                #pragma HLS UNROLL
            TileLoop:
                for (unsigned k = 0; k < columns; k++) {
                    #pragma HLS UNROLL
                    if (N % tile::inputs == 0 || row + i < N)
                        lmu_add_product(sum[FIRST + column + k], w[(row + i) * WIDTH + FIRST + column + k], v[row + i]);
                }
            }
        }
    }
}

} // namespace nnet

#endif
