#ifndef NNET_LMU_H_
#define NNET_LMU_H_

// Legendre Memory Unit (LMU), io_parallel.
//
// One step, for the input x and the state (mem, h) of the step before:
//
//     u   = E_x' x  [+ E_h' h]  [+ E_mem' mem]  [+ bias]      memory_d values, one for each channel
//     mem = A mem + B u                                       order values a channel, channel after channel
//     pre = H_mem' mem  [+ H_x' x]  [+ bias]                  units values
//     h   = activation(pre);  without a hidden cell h = mem
//
// Numbers: u, mem, pre and h are the named tensors; each value of theirs is rounded once, when it is assigned, with the
// rounding and overflow mode of its type. Between two assignments everything is exact: u_accum_t, mem_accum_t and
// pre_accum_t are computed at conversion to hold every partial sum. The order of summation therefore does not matter.
//
// Time: the steps follow one another in a pipelined loop, with ceil(multiplications of a step / reuse_factor) multipliers.
// reuse_factor is a request: a step needs mem, and with E_h also h, of the step before, so the initiation interval
// cannot be shorter than that path through the arithmetic.
//
// State starts at zero in every call.

#include "nnet_common.h"

namespace nnet {

enum lmu_activation { lmu_linear = 0, lmu_relu, lmu_table };

// Stands for the weights of a connection that the layer does not have. They are never read.
typedef ap_uint<1> lmu_none_t;
static const lmu_none_t lmu_none[1] = {0};

// The settings of a layer, with the smallest LMU as an example; parameters.h overrides all of them.
struct lmu_config {
    static const unsigned n_in = 1;
    static const unsigned n_timesteps = 1;
    static const unsigned memory_d = 1;
    static const unsigned order = 1;
    static const unsigned units = 1; // width of h: memory_d * order without a hidden cell
    static const unsigned n_out = 1; // units, or n_timesteps * units with return_sequences

    static const bool hidden_to_memory = false; // E_h
    static const bool memory_to_memory = false; // E_mem
    static const bool encoder_bias = false;     // bias of u
    static const bool hidden_cell = false;      // pre and activation
    static const bool input_to_hidden = false;  // H_x
    static const bool hidden_bias = false;      // bias of pre
    static const bool return_sequences = false;
    static const unsigned activation = lmu_linear;

    static const unsigned reuse_factor = 1;
    static const unsigned multiplier_limit = 1;
};

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

// u from x and from the h and mem of the step before.
template <class x_T, class h_T, typename CONFIG_T>
void lmu_encode(const x_T x[CONFIG_T::n_in], const h_T h[CONFIG_T::units],
                const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                const typename CONFIG_T::encoder_x_t *encoder_x, const typename CONFIG_T::encoder_h_t *encoder_h,
                const typename CONFIG_T::encoder_mem_t *encoder_mem,
                const typename CONFIG_T::encoder_bias_t *encoder_bias, typename CONFIG_T::u_t u[CONFIG_T::memory_d]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::u_accum_t acc_t;
    const unsigned n_mem = CONFIG_T::memory_d * CONFIG_T::order;
EncodeLoop:
    for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
        #pragma HLS UNROLL
        acc_t sum = lmu_sum<CONFIG_T::n_in, CONFIG_T::memory_d, acc_t>(x, encoder_x, c);
        if (CONFIG_T::hidden_to_memory)
            sum += lmu_sum<CONFIG_T::units, CONFIG_T::memory_d, acc_t>(h, encoder_h, c);
        if (CONFIG_T::memory_to_memory)
            sum += lmu_sum<n_mem, CONFIG_T::memory_d, acc_t>(mem, encoder_mem, c);
        if (CONFIG_T::encoder_bias)
            sum += encoder_bias[c];
        u[c] = sum;
    }
}

// mem = A mem + B u. All channels share A (order x order, row major) and B (order).
template <typename CONFIG_T>
void lmu_update(const typename CONFIG_T::u_t u[CONFIG_T::memory_d],
                const typename CONFIG_T::a_t a[CONFIG_T::order * CONFIG_T::order],
                const typename CONFIG_T::b_t b[CONFIG_T::order],
                typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
    #pragma HLS INLINE
ChannelLoop:
    for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
        #pragma HLS UNROLL
        typename CONFIG_T::mem_t next[CONFIG_T::order]; // every row of A reads the old state
        #pragma HLS ARRAY_PARTITION variable=next complete
    RowLoop:
        for (unsigned i = 0; i < CONFIG_T::order; i++) {
            #pragma HLS UNROLL
            typename CONFIG_T::mem_accum_t sum = b[i] * u[c];
        ColumnLoop:
            for (unsigned j = 0; j < CONFIG_T::order; j++) {
                #pragma HLS UNROLL
                sum += a[i * CONFIG_T::order + j] * mem[c * CONFIG_T::order + j];
            }
            next[i] = sum;
        }
    StoreLoop:
        for (unsigned i = 0; i < CONFIG_T::order; i++) {
            #pragma HLS UNROLL
            mem[c * CONFIG_T::order + i] = next[i];
        }
    }
}

// activation(pre) as h_T. A table holds the bits of h_T for every value of table_index_t, the most negative one first.
template <class h_T, typename CONFIG_T>
h_T lmu_activate(const typename CONFIG_T::pre_t pre, const typename CONFIG_T::table_t *table) {
    #pragma HLS INLINE
    h_T h = 0;
    if (CONFIG_T::activation == lmu_table) {
        const int index_w = CONFIG_T::table_index_t::width;
        const typename CONFIG_T::table_index_t point = pre; // rounds and saturates
        ap_uint<index_w> row = point.range(index_w - 1, 0);
        row[index_w - 1] = !row[index_w - 1]; // two's complement to "steps above the most negative value"
        h.range(h_T::width - 1, 0) = table[row.to_uint()];
    } else if (CONFIG_T::activation == lmu_linear || pre > 0) {
        h = pre;
    }
    return h;
}

// h from mem and x.
template <class x_T, class h_T, typename CONFIG_T>
void lmu_hidden(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order], const x_T x[CONFIG_T::n_in],
                const typename CONFIG_T::hidden_mem_t *hidden_mem, const typename CONFIG_T::hidden_x_t *hidden_x,
                const typename CONFIG_T::hidden_bias_t *hidden_bias, const typename CONFIG_T::table_t *table,
                h_T h[CONFIG_T::units]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::pre_accum_t acc_t;
    const unsigned n_mem = CONFIG_T::memory_d * CONFIG_T::order;
UnitLoop:
    for (unsigned k = 0; k < CONFIG_T::units; k++) {
        #pragma HLS UNROLL
        if (CONFIG_T::hidden_cell) {
            acc_t sum = lmu_sum<n_mem, CONFIG_T::units, acc_t>(mem, hidden_mem, k);
            if (CONFIG_T::input_to_hidden)
                sum += lmu_sum<CONFIG_T::n_in, CONFIG_T::units, acc_t>(x, hidden_x, k);
            if (CONFIG_T::hidden_bias)
                sum += hidden_bias[k];
            const typename CONFIG_T::pre_t pre = sum;
            h[k] = lmu_activate<h_T, CONFIG_T>(pre, table);
        } else {
            h[k] = mem[k];
        }
    }
}

// The layer: data is n_timesteps x n_in; res is the last h, or every h (n_timesteps x units) with return_sequences.
template <class x_T, class h_T, typename CONFIG_T>
void lmu(x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in], h_T res[CONFIG_T::n_out],
         const typename CONFIG_T::encoder_x_t *encoder_x, const typename CONFIG_T::encoder_h_t *encoder_h,
         const typename CONFIG_T::encoder_mem_t *encoder_mem, const typename CONFIG_T::encoder_bias_t *encoder_bias,
         const typename CONFIG_T::a_t a[CONFIG_T::order * CONFIG_T::order],
         const typename CONFIG_T::b_t b[CONFIG_T::order], const typename CONFIG_T::hidden_mem_t *hidden_mem,
         const typename CONFIG_T::hidden_x_t *hidden_x, const typename CONFIG_T::hidden_bias_t *hidden_bias,
         const typename CONFIG_T::table_t *table) {
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit

    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    h_T h[CONFIG_T::units];
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=h complete
ZeroMem:
    for (unsigned i = 0; i < CONFIG_T::memory_d * CONFIG_T::order; i++) {
        #pragma HLS UNROLL
        mem[i] = 0;
    }
ZeroH:
    for (unsigned k = 0; k < CONFIG_T::units; k++) {
        #pragma HLS UNROLL
        h[k] = 0;
    }

StepLoop:
    for (unsigned t = 0; t < CONFIG_T::n_timesteps; t++) {
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        x_T x[CONFIG_T::n_in];
        typename CONFIG_T::u_t u[CONFIG_T::memory_d];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=u complete
    ReadLoop:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            x[i] = data[t * CONFIG_T::n_in + i];
        }
        lmu_encode<x_T, h_T, CONFIG_T>(x, h, mem, encoder_x, encoder_h, encoder_mem, encoder_bias, u);
        lmu_update<CONFIG_T>(u, a, b, mem);
        lmu_hidden<x_T, h_T, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, table, h);
        if (CONFIG_T::return_sequences || t == CONFIG_T::n_timesteps - 1) {
        WriteLoop:
            for (unsigned k = 0; k < CONFIG_T::units; k++) {
                res[(CONFIG_T::return_sequences ? t * CONFIG_T::units : 0) + k] = h[k];
            }
        }
    }
}

} // namespace nnet

#endif
