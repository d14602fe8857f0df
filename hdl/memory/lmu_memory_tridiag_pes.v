// SPDX-License-Identifier: Apache-2.0
// PES units lmu_memory_tridiag side by side, which share the channels: channel c belongs to unit c mod PES.
//
// The equations, formats and parameters are those of lmu_memory_tridiag. Channels of different units advance at the
// same time, so that a step takes about 1/PES of the cycles. The first unit starts first and waits at its output for
// the others, whose u come later.
//
//   Signal         Width       Direction   Description
//   clk            1           in          rising edge
//   rst            1           in          synchronous, active high; the next step starts from mem = 0
//   s_axis_tdata   U_W         in          u, one channel a beat, MEMORY_D beats a step
//   s_axis_tuser   1           in          reset_state, read on a step's first beat: this step starts from mem = 0
//   s_axis_tlast   1           in          last beat of the sequence
//   m_axis_tdata   PES*MEM_W   out         PES states a beat, those of consecutive channels, the lowest channel in the
//                                          low bits: degrees descending, at each degree the channels ascending
//   m_axis_tuser   PES         out         one bit a state: it was clipped to fit; f and z are not reported
//   m_axis_tlast   1           out         last beat of the sequence
//
//   Cycles (exact, without gaps and back-pressure; those of lmu_memory_tridiag have MEMORY_D/PES channels)
//   latency = 2*ORDER*SLOTS - GAP + TURN + DEPTH + 1          from a step's last input beat to its last output beat
//   ii      = 2*ORDER*SLOTS - GAP + TURN + WAIT + 1 + LOAD    from one step's first input beat to that of the next
//   LOAD    = MEMORY_D - MEMORY_D/PES                         all u come through one stream
//
// ORDER is 3 or more: with fewer degrees a unit takes the next u while it still waits for the others, and the cycles
// would change from step to step.

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_memory_tridiag_pes #(
    // Units, 2 or more; divides MEMORY_D
    parameter integer PES = 2,
    // All channels
    parameter integer MEMORY_D = 2,
    // The rest as in lmu_memory_tridiag; ORDER must be 3 or more
    parameter integer ORDER = 8, PIPELINE = 1, U_TYPE = 32'h00_000e_10, MEM_TYPE = 32'h16_000e_10,
    parameter integer SWEEP_TYPE = 32'h16_0011_13, LAM_TYPE = 32'h00_000f_10, GAM_TYPE = 32'h00_000f_10,
    parameter integer KAP_TYPE = 32'h00_000f_10, BET_TYPE = 32'h00_000f_10,
    parameter ROM_FILE = "lmu_memory_tridiag.hex"
) (
    input wire clk, rst,
    input wire [U_TYPE%256-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast, input wire [0:0] s_axis_tuser,
    output wire [PES*(MEM_TYPE%256)-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire [PES-1:0] m_axis_tuser
);

    localparam integer MEM_W = MEM_TYPE % 256;
    localparam CHANNELS = MEMORY_D / PES;

    if (PES < 2 || CHANNELS < 1 || CHANNELS * PES != MEMORY_D) begin : g_check_pes
        PARAM_ERROR_pes_must_be_2_or_more_and_divide_memory_d check ();
    end else if (ORDER < 3) begin : g_check_order PARAM_ERROR_order_must_be_3_or_more check ();
    end

    // Input: one channel to each unit in turn. A unit reads reset_state on its own first beat of the step.
    localparam CHANNEL_CW = MEMORY_D > 1 ? $clog2(MEMORY_D) : 1;
    reg [PES-1:0] turn_q;  // one-hot
    reg [CHANNEL_CW-1:0] channel_q;
    reg reset_state_q;
    wire [PES-1:0] ready, valid;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire last_channel = {1'b0, channel_q} == MEMORY_D[CHANNEL_CW:0] - 1'b1;
    wire reset_state = channel_q == 0 ? s_axis_tuser[0] : reset_state_q;
    assign s_axis_tready = |(turn_q & ready);

    always @(posedge clk) begin
        if (accept) begin
            turn_q <= {turn_q[PES-2:0], turn_q[PES-1]};
            channel_q <= last_channel ? {CHANNEL_CW{1'b0}} : channel_q + 1'b1;
            reset_state_q <= reset_state;
        end
        if (rst) begin
            turn_q <= {{(PES - 1) {1'b0}}, 1'b1};
            channel_q <= {CHANNEL_CW{1'b0}};
        end
    end

    // Units. Their tlast means the last channel of each; that of the last unit is the last of all.
    wire [PES-1:0] last;
    assign m_axis_tvalid = &valid;
    assign m_axis_tlast = last[PES-1];

    genvar i;
    for (i = 0; i < PES; i = i + 1) begin : g_pe
        lmu_memory_tridiag #(
            .ORDER(ORDER), .MEMORY_D(CHANNELS), .PIPELINE(PIPELINE), .U_TYPE(U_TYPE), .MEM_TYPE(MEM_TYPE),
            .SWEEP_TYPE(SWEEP_TYPE), .LAM_TYPE(LAM_TYPE), .GAM_TYPE(GAM_TYPE), .KAP_TYPE(KAP_TYPE), .BET_TYPE(BET_TYPE),
            .ROM_FILE(ROM_FILE)
        ) unit (
            .clk(clk), .rst(rst),
            .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid && turn_q[i]), .s_axis_tready(ready[i]),
            .s_axis_tlast(s_axis_tlast), .s_axis_tuser(reset_state),
            .m_axis_tdata(m_axis_tdata[i*MEM_W+:MEM_W]), .m_axis_tvalid(valid[i]),
            .m_axis_tready(m_axis_tready && m_axis_tvalid), .m_axis_tlast(last[i]), .m_axis_tuser(m_axis_tuser[i])
        );
    end

`ifdef FORMAL
    localparam integer U_W = U_TYPE % 256;

    // Each step gives ORDER*MEMORY_D/PES beats; a source puts tlast on a step's last u
    wire [$clog2(MEMORY_D+1)-1:0] f_in;
    wire f_begun;
    always @* if (s_axis_tlast) assume (f_in == MEMORY_D - 1);

    localparam F_SLOTS = CHANNELS > PIPELINE ? CHANNELS : PIPELINE;
    localparam F_DEPTH = PIPELINE < 3 ? 7 : PIPELINE + 6;
    localparam F_SWEEPS = (2 * ORDER - 1) * F_SLOTS + CHANNELS + (F_SLOTS == 1 ? 3 : 0);
    localparam F_LATENCY = F_SWEEPS + F_DEPTH + 1;
    localparam F_II = F_SWEEPS + (F_DEPTH > CHANNELS ? F_DEPTH - CHANNELS : 0) + 1 + MEMORY_D - CHANNELS;

    f_unit #(
        .S_W(U_W + 1), .M_W(PES * MEM_W + PES), .N_IN(MEMORY_D), .N_OUT(ORDER * MEMORY_D / PES), .FLIGHT(12),
        .BEAT(F_LATENCY + 1), .STEP(F_II + F_DEPTH + MEMORY_D), .LATENCY(F_LATENCY), .II(F_II)
    ) f_rules (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_last(s_axis_tlast),
        .s_data({s_axis_tuser, s_axis_tdata}), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_last(m_axis_tlast),
        .m_data({m_axis_tuser, m_axis_tdata}), .starved(1'b0), .open(s_axis_tready),
        .calm(m_axis_tready), .flow(m_axis_tready && s_axis_tvalid),
        .s_place(f_in), .begun(f_begun)
    );

    always @(posedge clk) if (!rst) begin
        reach_last : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_begun);
        reach_closed : cover (!s_axis_tready && m_axis_tvalid && !m_axis_tready);
    end
`endif
endmodule
`default_nettype wire
