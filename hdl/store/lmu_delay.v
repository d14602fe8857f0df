// SPDX-License-Identifier: Apache-2.0
// A value DEPTH cycles later.
//
//   out_data(t+DEPTH) = in_data(t)      t counts cycles with en = 1; DEPTH = 0 is a wire
//
//   Signal      Width   Direction   Description
//   clk         1       in          rising edge
//   rst         1       in          synchronous, active high, clears all stages; tie to 0 where nobody needs that
//   en          1       in          0 freezes all stages
//   in_data     WIDTH   in
//   out_data    WIDTH   out
//
//   Cycles
//   latency = DEPTH     in cycles with en = 1
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_delay #(
    // Bits of the value
    parameter integer WIDTH = 16,
    // Cycles, 0 or more
    parameter integer DEPTH = 1
) (
    input wire clk, rst, en,
    input wire [WIDTH-1:0] in_data,
    output wire [WIDTH-1:0] out_data
`ifdef FORMAL
    , output wire [(DEPTH > 0 ? DEPTH : 1)*WIDTH-1:0] f_stages // each stage, the newest lowest
`endif
);

    if (DEPTH < 0) begin : g_check_depth PARAM_ERROR_depth_must_not_be_negative check ();
    end else if (DEPTH < 1) begin : g_wire
        wire unused = &{1'b0, clk, rst, en};
        assign out_data = in_data;
`ifdef FORMAL
        assign f_stages = in_data;
`endif
    end else begin : g_stages
        wire [WIDTH-1:0] tap[0:DEPTH];
        genvar i;

        assign tap[0] = in_data;
        assign out_data = tap[DEPTH];

        for (i = 0; i < DEPTH; i = i + 1) begin : g_stage
            reg [WIDTH-1:0] stage_q;
            assign tap[i+1] = stage_q;
`ifdef FORMAL
            assign f_stages[i*WIDTH+:WIDTH] = stage_q;
`endif

            always @(posedge clk) begin
                if (en) stage_q <= tap[i];
                if (rst) stage_q <= {WIDTH{1'b0}};
            end
        end
    end

endmodule
`default_nettype wire
