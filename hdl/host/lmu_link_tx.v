// SPDX-License-Identifier: Apache-2.0
// Sends packets to the host: the results of the network, and replies to its requests. docs/boards.md has the protocol.
//
//   packet = A5, kind, length (low byte first), payload, CRC (high byte first; of kind, length and payload)
//
//   Kind       Payload
//   R          N_OUT values with the low byte first, and a byte with tlast in bit 0 and tuser in bit 1
//   I          the letters LMU, the version of the protocol, the first 8 bytes of the contract's SHA-256
//   E          what is wrong
//   others     none
//
// Of several streams the results of each are packets of their own; a byte with the number of the stream comes before
// the values. Of two results the one of the lower number goes first.
//
// A packet that has begun is sent to its end; then a reply goes before a result. A reset ends it where it is: the host
// finds the next one by its CRC.
//
//   Signal          Width         Direction   Description
//   clk, rst        1             in          rising edge; rst is synchronous, active high
//   r_axis_tdata    16            in          a reply: its kind in the low byte, with E what is wrong above it
//   s_axis_*        8*OUT_BYTES   in          values of the network, N_OUT a result; tlast and tuser with its last one;
//                                             all streams side by side, the first one in the low bits
//   m_axis_*        8             out         bytes to the host
//
//   Cycles (while the sink is ready)
//   latency = 1                           from a reply, or the first value, to the first byte
//   ii      = N_OUT * OUT_BYTES + 8       from one result to the next; with several streams 9

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_link_tx #(
    // Bytes of a value, 1 or more
    parameter integer OUT_BYTES = 2,
    // Streams, 1 to 255
    parameter integer STREAMS = 1,
    // Values of a result of each stream, 1 or more, the first one in the low bits; with OUT_BYTES at most 65533 bytes
    parameter [16*STREAMS-1:0] N_OUT = 16'd4,
    // The first 64 bits of the contract's SHA-256
    parameter [63:0] CONTRACT = 64'd0
) (
    input wire clk, rst,
    input wire [15:0] r_axis_tdata, input wire r_axis_tvalid, output wire r_axis_tready,
    input wire [8*OUT_BYTES*STREAMS-1:0] s_axis_tdata, input wire [STREAMS-1:0] s_axis_tvalid,
    output wire [STREAMS-1:0] s_axis_tready, input wire [STREAMS-1:0] s_axis_tlast, s_axis_tuser,
    output wire [7:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready
);

    localparam [2:0] IDLE = 3'd0, SYNC = 3'd1, KIND = 3'd2, LOW = 3'd3, HIGH = 3'd4, PAYLOAD = 3'd5, SUM1 = 3'd6,
        SUM2 = 3'd7;
    localparam [95:0] IDENTITY = {"LMU", 8'd1, CONTRACT};
    localparam MARK = STREAMS > 1, LANE_W = OUT_BYTES > 1 ? $clog2(OUT_BYTES) : 1;
    localparam DEST_W = STREAMS > 1 ? $clog2(STREAMS) : 1;
    localparam MOST = most(0), RESULT = MOST * OUT_BYTES + 1 + MARK, COUNT_W = RESULT > 12 ? $clog2(RESULT + 1) : 4;

    // Values of the longest result, or of the shortest one
    function integer most(input integer shortest);
        integer i, n;
        begin
            most = {16'd0, N_OUT[15:0]};
            for (i = 1; i < STREAMS; i = i + 1) begin
                n = {16'd0, N_OUT[16*i+:16]};
                if (shortest != 0 ? n < most : n > most) most = n;
            end
        end
    endfunction

    if (STREAMS < 1 || STREAMS > 255) begin : g_check_streams PARAM_ERROR_streams_must_be_1_to_255 check ();
    end else if (most(1) < 1 || OUT_BYTES < 1 || RESULT > 65535) begin : g_check
        PARAM_ERROR_a_result_must_have_1_to_65533_bytes check ();
    end

    reg [2:0] state_q;
    reg [7:0] kind_q, detail_q;
    reg [COUNT_W-1:0] left_q;  // bytes of the payload
    reg [LANE_W-1:0] lane_q;
    reg [15:0] crc_q;
    reg [1:0] flags_q;
    reg [DEST_W-1:0] dest_q;
    reg mark_q;  // the number of the stream comes next
    wire result = kind_q == "R";
    wire flags = left_q == 1;
    wire value = state_q == PAYLOAD && result && !flags && !mark_q;
    wire last_lane = {1'b0, lane_q} == OUT_BYTES[LANE_W:0] - 1'b1;

    // The stream of the packet; before it the first one with a result
    wire [COUNT_W*STREAMS-1:0] sizes;
    wire [DEST_W*(STREAMS+1)-1:0] first;
    genvar k;
    assign first[DEST_W*STREAMS+:DEST_W] = {DEST_W{1'b0}};
    for (k = 0; k < STREAMS; k = k + 1) begin : g_stream
        localparam [31:0] SIZE = N_OUT[16*k+:16] * OUT_BYTES + 1 + MARK, K = k;
        assign sizes[COUNT_W*k+:COUNT_W] = SIZE[COUNT_W-1:0];
        assign first[DEST_W*k+:DEST_W] = s_axis_tvalid[k] ? K[DEST_W-1:0] : first[DEST_W*(k+1)+:DEST_W];
        assign s_axis_tready[k] = dest_q == K[DEST_W-1:0] && value && last_lane && m_axis_tready;
    end
    wire [DEST_W-1:0] next = first[DEST_W-1:0];
    wire [8*OUT_BYTES-1:0] s_data = s_axis_tdata[8*OUT_BYTES*dest_q+:8*OUT_BYTES];
    wire s_valid = s_axis_tvalid[dest_q], s_last = s_axis_tlast[dest_q], s_user = s_axis_tuser[dest_q];
    wire s_ready = value && last_lane && m_axis_tready;
    wire [15:0] length = {{(16 - COUNT_W) {1'b0}}, left_q};
    wire [15:0] crc;
    reg [7:0] data;

    lmu_crc checksum (.seed(crc_q), .data(data), .sum(crc));

    assign r_axis_tready = state_q == IDLE;
    assign m_axis_tdata = data;
    assign m_axis_tvalid = state_q != IDLE && !(value && !s_valid);

    always @* begin
        case (state_q)
            KIND: data = kind_q;
            LOW: data = length[7:0];
            HIGH: data = length[15:8];
            PAYLOAD: begin
                if (kind_q == "I") data = IDENTITY[8*(left_q[3:0]-4'd1)+:8];
                else if (!result) data = detail_q;
                else if (mark_q) data = {{(8 - DEST_W) {1'b0}}, dest_q};
                else if (flags) data = {6'd0, flags_q};
                else data = s_data[8*lane_q+:8];
            end
            SUM1: data = crc_q[15:8];
            SUM2: data = crc_q[7:0];
            default: data = 8'hA5;
        endcase
    end

    always @(posedge clk) begin
        if (state_q == IDLE) begin
            lane_q <= {LANE_W{1'b0}};
            crc_q <= 16'hFFFF;
            detail_q <= r_axis_tdata[15:8];
            kind_q <= r_axis_tvalid ? r_axis_tdata[7:0] : "R";
            left_q <= sizes[COUNT_W*next+:COUNT_W];
            dest_q <= next;
            mark_q <= MARK != 0 && !r_axis_tvalid;
            if (r_axis_tvalid) begin
                left_q <= {COUNT_W{1'b0}};
                if (r_axis_tdata[7:0] == "I") left_q <= 12;
                if (r_axis_tdata[7:0] == "E") left_q <= 1;
            end
            if (r_axis_tvalid || s_axis_tvalid != 0) state_q <= SYNC;
        end else if (m_axis_tvalid && m_axis_tready) begin
            if (state_q >= KIND && state_q <= PAYLOAD) crc_q <= crc;
            case (state_q)
                HIGH: state_q <= left_q == 0 ? SUM1 : PAYLOAD;
                PAYLOAD: begin
                    if (!mark_q) lane_q <= last_lane ? {LANE_W{1'b0}} : lane_q + 1'b1;
                    left_q <= left_q - 1'b1;
                    mark_q <= 1'b0;
                    if (s_ready) flags_q <= {s_user, s_last};
                    if (flags) state_q <= SUM1;
                end
                SUM2: state_q <= IDLE;
                default: state_q <= state_q + 1'b1;
            endcase
        end
        if (rst) state_q <= IDLE;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(16)) f_r_axis (clk, rst, r_axis_tvalid, r_axis_tready, r_axis_tdata);
    for (k = 0; k < STREAMS; k = k + 1) begin : f_stream
        f_axis #(.IN(1), .WIDTH(8*OUT_BYTES + 2)) f_s_axis (
            clk, rst, s_axis_tvalid[k], s_axis_tready[k],
            {s_axis_tdata[8*OUT_BYTES*k+:8*OUT_BYTES], s_axis_tlast[k], s_axis_tuser[k]}
        );
    end
    f_axis #(.WIDTH(8)) f_m_axis (clk, rst, m_axis_tvalid, m_axis_tready, m_axis_tdata);
    always @* assume (!r_axis_tvalid || r_axis_tdata[7:0] == "A" || r_axis_tdata[7:0] == "E" ||
                      r_axis_tdata[7:0] == "I" || r_axis_tdata[7:0] == "S");

    // A packet as the host reads it
    reg [16:0] f_place_q;  // bytes of this packet that have gone
    reg [7:0] f_kind_q;
    reg [15:0] f_length_q, f_crc_q;
    reg [16:0] f_taken_q;  // values of this packet
    reg [7:0] f_dest_q;
    reg f_last_q;
    wire [16:0] f_size = sizes[COUNT_W*dest_q+:COUNT_W];
    wire [STREAMS-1:0] f_took = s_axis_tvalid & s_axis_tready;
    wire f_out = m_axis_tvalid && m_axis_tready;
    wire [15:0] f_crc;
    wire f_end = f_out && f_place_q >= 4 && f_place_q == f_length_q + 5;
    lmu_crc f_sum (.seed(f_crc_q), .data(m_axis_tdata), .sum(f_crc));

    always @(posedge clk) begin
        if (f_out) begin
            f_place_q <= f_end ? 0 : f_place_q + 1;
            if (f_place_q == 1) f_kind_q <= m_axis_tdata;
            if (f_place_q == 2) f_length_q[7:0] <= m_axis_tdata;
            if (f_place_q == 3) f_length_q[15:8] <= m_axis_tdata;
            if (f_place_q == 4) f_dest_q <= m_axis_tdata;
            f_crc_q <= f_place_q == 0 ? 16'hFFFF : f_crc;
        end
        if (f_took != 0) begin
            f_taken_q <= f_taken_q + 1;
            f_last_q <= (s_axis_tlast & f_took) != 0;
        end
        if (rst || state_q == IDLE) f_taken_q <= 0;
        if (rst) f_place_q <= 0;
    end

    always @* if (!rst) begin
        begins_with_sync : assert (!f_out || f_place_q != 0 || m_axis_tdata == 8'hA5);
        ends_with_its_crc : assert (!f_end || f_crc == 0);
        idle_between_packets : assert ((state_q == IDLE) == (f_place_q == 0 && !m_axis_tvalid));
        one_byte_a_beat : assert (f_took == 0 || f_out);
        one_stream_a_packet : assert (f_took == 0 || f_took == 1 << (MARK != 0 ? f_dest_q : 8'd0));
        all_values : assert (!f_end || f_kind_q != "R" || f_taken_q == N_OUT[16*(MARK != 0 ? f_dest_q : 8'd0)+:16]);
        no_value_in_a_reply : assert (f_kind_q == "R" || f_taken_q == 0 || f_place_q < 2);
        flags_say_last : assert (!(f_out && f_kind_q == "R" && f_place_q == f_size + 3) || m_axis_tdata[0] == f_last_q);
        // What ties the record to the registers
        place_in_step : assert (state_q == IDLE || state_q > PAYLOAD || f_place_q == state_q - 1 || state_q == PAYLOAD);
        kind_kept : assert (state_q <= KIND || kind_q == f_kind_q);
        crc_kept : assert (state_q <= SYNC || state_q > SUM1 || crc_q == f_crc_q);
        known : assert (state_q == IDLE || kind_q == "A" || kind_q == "E" || kind_q == "I" || kind_q == "S" || result);
        length_kept : assert (state_q <= HIGH || f_length_q == (result ? f_size : kind_q == "I" ? 12 : kind_q == "E"));
        length_right : assert (state_q == IDLE || state_q > HIGH ||
                               left_q == (result ? f_size : kind_q == "I" ? 12 : kind_q == "E"));
        low_kept : assert (state_q != HIGH || f_length_q[7:0] == length[7:0]);
        counted : assert (state_q != PAYLOAD || (left_q != 0 && f_place_q + left_q == f_length_q + 4));
        sum1_in_place : assert (state_q != SUM1 || f_place_q == f_length_q + 4);
        sum2_in_place : assert (state_q != SUM2 || f_place_q == f_length_q + 5);
        sum2_left : assert (state_q != SUM2 || (crc_q[7:0] ^ f_crc_q[15:8]) == 0);
        taken_in_step : assert (state_q < SYNC || !result || f_taken_q ==
            (state_q < PAYLOAD || mark_q ? 0 : state_q == PAYLOAD && !flags ? (f_size - MARK - left_q) / OUT_BYTES
            : N_OUT[16*dest_q+:16]));
        lane_in_step : assert (state_q == IDLE || !result || state_q >= SUM1 || flags ||
            lane_q == (mark_q || state_q < PAYLOAD ? 0 : (f_size - MARK - left_q) % OUT_BYTES));
        stream_known : assert (state_q == IDLE || dest_q < STREAMS);
        mark_first : assert (state_q == IDLE || mark_q == (result && MARK != 0
            && (state_q < PAYLOAD || (state_q == PAYLOAD && left_q == f_size))));
        stream_kept : assert (MARK == 0 || !result || state_q < PAYLOAD || mark_q || f_dest_q == dest_q);
        flags_kept : assert (state_q != PAYLOAD || !result || left_q != 1 || flags_q[0] == f_last_q);
        reach_result : cover (f_end && f_kind_q == "R" && f_last_q);
        reach_identity : cover (f_end && f_kind_q == "I");
        reach_error : cover (f_end && f_kind_q == "E");
    end
`endif
endmodule
`default_nettype wire
