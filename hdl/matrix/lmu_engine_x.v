// SPDX-License-Identifier: Apache-2.0
// The x of an engine: the next step comes into the half of a RAM that is not worked on.
//
//   rd_data(t+1) = rd_en(t) ? x of the half and place rd_addr(t) : rd_data(t)
//
//   Signal         Width       Direction   Description
//   clk, rst       1           in          rising edge; rst is synchronous, active high
//   s_axis_tdata   X_W         in          x, N_X beats a step; waits while a whole step is there
//   s_axis_tlast   1           in          last beat of the sequence
//   start          1           in          the step that is there is begun; only while full
//   full           1           out         a whole step is there
//   half           1           out         of the next step; the step begun last has the other one
//   last           1           out         that step is the last one of its sequence
//   rd_en          1           in          read enable
//   rd_addr        1 + X_AW    in          half, and place in it
//   rd_data        X_W         out
//
//   Cycles
//   latency = 1    from the last beat of a step to full, and from an address to its word
//   ii      = N_X + 1

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_engine_x #(
    // Values of a step, 1 or more
    parameter integer N_X = 4,
    // Bits of a value
    parameter integer X_W = 16
) (
    input wire clk, rst,
    input wire [X_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    input wire start,
    output wire full, half, last,
    input wire rd_en, input wire [(N_X>1?$clog2(N_X):1):0] rd_addr, output wire [X_W-1:0] rd_data
);

    localparam X_AW = N_X > 1 ? $clog2(N_X) : 1;
    reg [X_AW-1:0] count_q;
    reg full_q, half_q, last_q;
    wire accept = s_axis_tvalid && !full_q;
    wire ends = {1'b0, count_q} == N_X[X_AW:0] - 1'b1;
    assign s_axis_tready = !full_q;
    assign {full, half, last} = {full_q, half_q, last_q};

    always @(posedge clk) begin
        if (start) begin
            full_q <= 1'b0;
            half_q <= !half_q;
        end
        if (accept) begin
            count_q <= ends ? {X_AW{1'b0}} : count_q + 1'b1;
            full_q <= ends;
            last_q <= s_axis_tlast;
        end
        if (rst) {count_q, full_q, half_q} <= 0;
    end

    lmu_ram #(.WIDTH(X_W), .DEPTH(2 << X_AW)) ram (
        .clk(clk),
        .wr_en(accept), .wr_addr({half_q, count_q}), .wr_data(s_axis_tdata),
        .rd_en(rd_en), .rd_addr(rd_addr), .rd_data(rd_data)
    );

`ifdef FORMAL
    reg f_waits_q;

    always @(posedge clk) f_waits_q <= full && !start && !rst;

    f_axis #(.IN(1), .WIDTH(X_W + 1)) f_s_axis (
        clk, rst, s_axis_tvalid, s_axis_tready, {s_axis_tdata, s_axis_tlast}
    );

    always @* begin
        if (!rst) begin
            start_of_whole : assume (!start || full);
            counts_in_range : assert ({1'b0, count_q} < N_X[X_AW:0]);
            waits_for_start : assert (!f_waits_q || full);
            whole_steps : assert (!full || count_q == 0);
            reach_whole : cover (full && last && start);
        end
    end
`endif
endmodule
`default_nettype wire
