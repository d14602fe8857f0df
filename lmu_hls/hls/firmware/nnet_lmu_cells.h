// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_CELLS_H_
#define NNET_LMU_CELLS_H_

// The hidden cells of an LMU (nnet_lmu.h): h from mem, x and the h of the step before.
//
//     none    h = mem
//     dense   pre = H_mem' mem [+ H_x' x] [+ H_h' h] [+ bias];  h = activation(pre)         with H_h a SimpleRNN cell
//     LSTM    pre as before, for the gates i, f, g, o one after the other
//             i, f, o = gate_activation(pre);  g = activation(pre)
//             cell = f cell + i g;  h = o activation(cell)
//     GRU     s = H_mem' mem [+ H_x' x] [+ bias], for the gates z, r, g one after the other
//             z, r = gate_activation(s + H_h' h [+ recurrent bias])
//             inner = H_h' h [+ recurrent bias];  pre = s + r inner                         with reset_after
//             inner = r h;                        pre = s + H_h' inner                      without
//             g = activation(pre);  h = z h + (1 - z) g
//
// pre, gate (i, f, o, z, r), candidate (g), cell, squashed (activation(cell)), inner and h are named tensors: rounded
// once, when they are assigned. Sums are exact. Every cell takes all the arrays and reads those that it has.

#include "nnet_lmu_numbers.h"

namespace nnet {

enum lmu_activation { lmu_linear = 0, lmu_relu, lmu_table };

// sum_i w[i][column] * v[i], for w of N rows with WIDTH values each; acc_T holds every partial sum exactly.
template <unsigned N, unsigned WIDTH, class acc_T, class v_T, class w_T>
acc_T lmu_sum(const v_T v[N], const w_T w[N * WIDTH], const unsigned column) {
    #pragma HLS INLINE
    acc_T sum = 0;
SumLoop:
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        sum += w[i * WIDTH + column] * v[i];
    }
    return sum;
}

// activation(value) as res_T. A table holds the bits of res_T for every value of index_T, the most negative one first.
template <class res_T, class index_T, unsigned FUNCTION, class data_T, class table_T>
res_T lmu_activate(const data_T value, const table_T *table) {
    #pragma HLS INLINE
    res_T res = 0;
    if (FUNCTION == lmu_table) {
        const int index_w = index_T::width;
        const index_T point = value; // rounds and saturates
        lmu_uint<index_w> row = lmu_bits(point);
        row[index_w - 1] = !row[index_w - 1]; // two's complement to "steps above the most negative value"
        res = lmu_of_bits<res_T>(lmu_bits(table[row.to_uint()]));
    } else if (FUNCTION == lmu_linear || value > 0) {
        res = value;
    }
    return res;
}

// The two activations of a cell, each with the index of its tables.
template <class res_T, typename CONFIG_T, class data_T, class table_T>
res_T lmu_activation_of(const data_T value, const table_T *table) {
    #pragma HLS INLINE
    return lmu_activate<res_T, typename CONFIG_T::table_index_t, CONFIG_T::activation>(value, table);
}

template <typename CONFIG_T, class data_T>
typename CONFIG_T::gate_t lmu_gate(const data_T value, const typename CONFIG_T::gate_table_t *table) {
    #pragma HLS INLINE
    return lmu_activate<typename CONFIG_T::gate_t, typename CONFIG_T::gate_table_index_t, CONFIG_T::gate_activation>(
        value, table);
}

// H_mem' mem [+ H_x' x] [+ bias], one column of WIDTH.
template <unsigned WIDTH, class acc_T, class x_T, typename CONFIG_T>
acc_T lmu_inputs(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order], const x_T x[CONFIG_T::n_in],
                 const typename CONFIG_T::hidden_mem_t *hidden_mem, const typename CONFIG_T::hidden_x_t *hidden_x,
                 const typename CONFIG_T::hidden_bias_t *hidden_bias, const unsigned column) {
    #pragma HLS INLINE
    acc_T sum = lmu_sum<CONFIG_T::memory_d * CONFIG_T::order, WIDTH, acc_T>(mem, hidden_mem, column);
    if (CONFIG_T::input_to_hidden)
        sum += lmu_sum<CONFIG_T::n_in, WIDTH, acc_T>(x, hidden_x, column);
    if (CONFIG_T::hidden_bias)
        sum += hidden_bias[column];
    return sum;
}

template <class x_T, class h_T, typename CONFIG_T> struct lmu_no_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order], const x_T *,
                     const typename CONFIG_T::hidden_mem_t *, const typename CONFIG_T::hidden_x_t *,
                     const typename CONFIG_T::hidden_h_t *, const typename CONFIG_T::hidden_bias_t *,
                     const typename CONFIG_T::hidden_recurrent_bias_t *, const typename CONFIG_T::table_t *,
                     const typename CONFIG_T::gate_table_t *, const typename CONFIG_T::squash_table_t *,
                     typename CONFIG_T::cell_t *, h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
    UnitLoop:
        for (unsigned k = 0; k < CONFIG_T::units; k++) {
            #pragma HLS UNROLL
            h[k] = mem[k];
        }
    }
};

template <class x_T, class h_T, typename CONFIG_T> struct lmu_dense_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const x_T x[CONFIG_T::n_in], const typename CONFIG_T::hidden_mem_t *hidden_mem,
                     const typename CONFIG_T::hidden_x_t *hidden_x, const typename CONFIG_T::hidden_h_t *hidden_h,
                     const typename CONFIG_T::hidden_bias_t *hidden_bias,
                     const typename CONFIG_T::hidden_recurrent_bias_t *, const typename CONFIG_T::table_t *table,
                     const typename CONFIG_T::gate_table_t *, const typename CONFIG_T::squash_table_t *,
                     typename CONFIG_T::cell_t *, h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
        typedef typename CONFIG_T::pre_accum_t acc_t;
        const unsigned n = CONFIG_T::units;
        typename CONFIG_T::pre_t pre[n]; // all of them read the old h
        #pragma HLS ARRAY_PARTITION variable=pre complete
    PreLoop:
        for (unsigned k = 0; k < n; k++) {
            #pragma HLS UNROLL
            acc_t sum = lmu_inputs<n, acc_t, x_T, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, k);
            if (CONFIG_T::hidden_recurrent)
                sum += lmu_sum<n, n, acc_t>(h, hidden_h, k);
            pre[k] = sum;
        }
    UnitLoop:
        for (unsigned k = 0; k < n; k++) {
            #pragma HLS UNROLL
            h[k] = lmu_activation_of<h_T, CONFIG_T>(pre[k], table);
        }
    }
};

template <class x_T, class h_T, typename CONFIG_T> struct lmu_lstm_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const x_T x[CONFIG_T::n_in], const typename CONFIG_T::hidden_mem_t *hidden_mem,
                     const typename CONFIG_T::hidden_x_t *hidden_x, const typename CONFIG_T::hidden_h_t *hidden_h,
                     const typename CONFIG_T::hidden_bias_t *hidden_bias,
                     const typename CONFIG_T::hidden_recurrent_bias_t *, const typename CONFIG_T::table_t *table,
                     const typename CONFIG_T::gate_table_t *gate_table,
                     const typename CONFIG_T::squash_table_t *squash_table,
                     typename CONFIG_T::cell_t cell[CONFIG_T::units], h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
        typedef typename CONFIG_T::pre_accum_t acc_t;
        const unsigned n = CONFIG_T::units;
        typename CONFIG_T::pre_t pre[4 * n]; // all of them read the old h
        #pragma HLS ARRAY_PARTITION variable=pre complete
    PreLoop:
        for (unsigned k = 0; k < 4 * n; k++) {
            #pragma HLS UNROLL
            acc_t sum = lmu_inputs<4 * n, acc_t, x_T, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, k);
            sum += lmu_sum<n, 4 * n, acc_t>(h, hidden_h, k);
            pre[k] = sum;
        }
    UnitLoop:
        for (unsigned k = 0; k < n; k++) {
            #pragma HLS UNROLL
            typedef typename CONFIG_T::candidate_t candidate_t;
            typedef typename CONFIG_T::squashed_t squashed_t;
            const typename CONFIG_T::gate_t i = lmu_gate<CONFIG_T>(pre[k], gate_table);
            const typename CONFIG_T::gate_t f = lmu_gate<CONFIG_T>(pre[n + k], gate_table);
            const candidate_t g = lmu_activation_of<candidate_t, CONFIG_T>(pre[2 * n + k], table);
            const typename CONFIG_T::gate_t o = lmu_gate<CONFIG_T>(pre[3 * n + k], gate_table);
            typename CONFIG_T::cell_accum_t sum = f * cell[k];
            sum += i * g;
            cell[k] = sum;
            const squashed_t s = lmu_activation_of<squashed_t, CONFIG_T>(cell[k], squash_table);
            const typename CONFIG_T::h_accum_t product = o * s;
            h[k] = product;
        }
    }
};

template <class x_T, class h_T, typename CONFIG_T> struct lmu_gru_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const x_T x[CONFIG_T::n_in], const typename CONFIG_T::hidden_mem_t *hidden_mem,
                     const typename CONFIG_T::hidden_x_t *hidden_x, const typename CONFIG_T::hidden_h_t *hidden_h,
                     const typename CONFIG_T::hidden_bias_t *hidden_bias,
                     const typename CONFIG_T::hidden_recurrent_bias_t *hidden_recurrent_bias,
                     const typename CONFIG_T::table_t *table, const typename CONFIG_T::gate_table_t *gate_table,
                     const typename CONFIG_T::squash_table_t *, typename CONFIG_T::cell_t *,
                     h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
        typedef typename CONFIG_T::pre_accum_t gate_acc_t;
        typedef typename CONFIG_T::inner_accum_t inner_acc_t;
        typedef typename CONFIG_T::candidate_accum_t acc_t;
        typedef typename CONFIG_T::candidate_t candidate_t;
        const unsigned n = CONFIG_T::units;
        typename CONFIG_T::gate_t gate[2 * n]; // z, then r
        typename CONFIG_T::inner_t inner[n];
        #pragma HLS ARRAY_PARTITION variable=gate complete
        #pragma HLS ARRAY_PARTITION variable=inner complete
    GateLoop:
        for (unsigned k = 0; k < 2 * n; k++) {
            #pragma HLS UNROLL
            gate_acc_t sum = lmu_inputs<3 * n, gate_acc_t, x_T, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, k);
            sum += lmu_sum<n, 3 * n, gate_acc_t>(h, hidden_h, k);
            if (CONFIG_T::hidden_recurrent_bias)
                sum += hidden_recurrent_bias[k];
            const typename CONFIG_T::pre_t pre = sum;
            gate[k] = lmu_gate<CONFIG_T>(pre, gate_table);
        }
    InnerLoop:
        for (unsigned k = 0; k < n; k++) {
            #pragma HLS UNROLL
            inner_acc_t sum = 0;
            if (CONFIG_T::reset_after) {
                sum = lmu_sum<n, 3 * n, inner_acc_t>(h, hidden_h, 2 * n + k);
                if (CONFIG_T::hidden_recurrent_bias)
                    sum += hidden_recurrent_bias[2 * n + k];
            } else {
                sum = gate[n + k] * h[k];
            }
            inner[k] = sum;
        }
    UnitLoop:
        for (unsigned k = 0; k < n; k++) {
            #pragma HLS UNROLL
            acc_t sum = lmu_inputs<3 * n, acc_t, x_T, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, 2 * n + k);
            if (CONFIG_T::reset_after)
                sum += gate[n + k] * inner[k];
            else
                sum += lmu_sum<n, 3 * n, acc_t>(inner, hidden_h, 2 * n + k);
            const typename CONFIG_T::pre_t pre = sum;
            const candidate_t g = lmu_activation_of<candidate_t, CONFIG_T>(pre, table);
            typename CONFIG_T::h_accum_t mix = g; // z h + (1 - z) g = g + z (h - g), exactly
            mix += gate[k] * (h[k] - g);
            h[k] = mix;
        }
    }
};

} // namespace nnet

#endif
