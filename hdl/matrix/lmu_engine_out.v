// SPDX-License-Identifier: Apache-2.0
// The output of an engine, and what says whether the engine moves: not while one value waits behind the one at the
// output and another one is due. That is known a cycle ahead, so that no path leads from m_axis_tready to run.
//
//   Signal         Width   Direction   Description
//   clk, rst       1       in          rising edge; rst is synchronous, active high
//   run            1       out         the engine moves in this cycle
//   due            1       in          a value is there in the next cycle, if the engine moves
//   valid          1       in          a value is there; taken while run
//   data           WIDTH   in          with last, the end of a sequence, and clipped
//   m_axis_tdata   WIDTH   out         the value
//   m_axis_tlast   1       out         last
//   m_axis_tuser   1       out         clipped
//
//   Cycles
//   latency = 1    from a value to the output, without back-pressure
//   ii      = 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_engine_out #(
    // Bits of a value
    parameter integer WIDTH = 16
) (
    input wire clk, rst,
    output wire run,
    input wire due, valid,
    input wire [WIDTH-1:0] data,
    input wire last, clipped,
    output reg [WIDTH-1:0] m_axis_tdata, output reg m_axis_tvalid, input wire m_axis_tready, output reg m_axis_tlast,
    output reg [0:0] m_axis_tuser
);

    reg run_q, kept_valid_q;
    reg [WIDTH+1:0] kept_q;
    wire [WIDTH+1:0] given = {clipped, last, data};
    wire take = run_q && valid;
    wire move = !m_axis_tvalid || m_axis_tready;
    wire kept_valid_d = !move && (kept_valid_q || take);
    assign run = run_q;

    always @(posedge clk) begin
        if (take) kept_q <= given;
        if (move) begin
            m_axis_tvalid <= kept_valid_q || take;
            {m_axis_tuser, m_axis_tlast, m_axis_tdata} <= kept_valid_q ? kept_q : given;
        end
        kept_valid_q <= kept_valid_d;
        run_q <= !(kept_valid_d && (run_q ? due : valid));
        if (rst) begin
            {m_axis_tvalid, kept_valid_q} <= 0;
            run_q <= 1'b1;
        end
    end

`ifdef FORMAL
    reg f_moved_q, f_valid_q;  // what the engine had said of this cycle

    always @(posedge clk) begin
        f_moved_q <= run && due;
        f_valid_q <= !run && valid;
        if (rst) {f_moved_q, f_valid_q} <= 0;
    end

    f_axis #(.WIDTH(WIDTH + 2)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tuser, m_axis_tdata, m_axis_tlast}
    );

    always @* begin
        if (!rst) begin
            due_before : assume (valid == (f_moved_q || f_valid_q));
            none_lost : assert (!(take && kept_valid_q && !move));
            behind_another : assert (!kept_valid_q || m_axis_tvalid);
            reach_stall : cover (kept_valid_q && !run);
        end
    end
`endif
endmodule
`default_nettype wire
