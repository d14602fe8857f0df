// SPDX-License-Identifier: Apache-2.0
// Simulation models of the primitives of Lattice ECP5 that Yosys puts into a netlist and has no model of.
//
// A mode that is not modelled does not compile: it instantiates a module that there is none of, whose name says what is
// lacking. Ports and parameters that do not stand here are refused, too.

// verilator lint_off DECLFILENAME
`default_nettype none

// A product of 18 x 18 bits, each factor signed or not, with registers at A, B and P that CLK0 and CE0 move: P = A B.
// C takes no part in it. SOURCEA and SOURCEB, which would take the factors from the multiplier beside it, and RST0 must
// be 0: the product is unknown else.
module MULT18X18D #(
    parameter [31:0] REG_INPUTA_CLK = "NONE",
    parameter [31:0] REG_INPUTB_CLK = "NONE",
    parameter [31:0] REG_OUTPUT_CLK = "NONE",
    parameter REG_INPUTA_CE = "CE0",
    parameter REG_INPUTB_CE = "CE0",
    parameter REG_OUTPUT_CE = "CE0"
) (
    input wire
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input wire
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input wire
        C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input wire SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input wire CLK0, CE0, RST0,
    output wire
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14,
        P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);

    wire [17:0] a = {
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0
    };
    wire [17:0] b = {
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0
    };
    localparam WITH_A = REG_INPUTA_CLK == "CLK0", WITH_B = REG_INPUTB_CLK == "CLK0", WITH_P = REG_OUTPUT_CLK == "CLK0";
    reg [17:0] a_q, b_q;
    reg [35:0] p_q;
    wire [17:0] a_in = WITH_A ? a_q : a, b_in = WITH_B ? b_q : b;
    wire signed [37:0] product = $signed({SIGNEDA & a_in[17], a_in}) * $signed({SIGNEDB & b_in[17], b_in});
    wire known = {SOURCEA, SOURCEB} === 2'd0 && (RST0 === 1'b0 || !(WITH_A || WITH_B || WITH_P));

    generate
        if (!WITH_A && REG_INPUTA_CLK != "NONE" || !WITH_B && REG_INPUTB_CLK != "NONE"
            || !WITH_P && REG_OUTPUT_CLK != "NONE" || REG_INPUTA_CE != "CE0" || REG_INPUTB_CE != "CE0"
            || REG_OUTPUT_CE != "CE0") UNMODELLED_register_of_MULT18X18D check_register ();
    endgenerate

    always @(posedge CLK0) if (CE0) begin
        a_q <= a;
        b_q <= b;
        p_q <= product[35:0];
    end

    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14,
        P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
    } = known ? WITH_P ? p_q : product[35:0] : {36{1'bx}};

endmodule

// A block RAM. With DATA_WIDTH_A = 36 port A only writes, the upper half from DIB; with DATA_WIDTH_B = 36 port B only
// reads, the lower half at DOA. An asynchronous reset makes what is read unknown, and so does a reset of registers.
module DP16KD #(
    parameter integer DATA_WIDTH_A = 18,
    parameter integer DATA_WIDTH_B = 18,
    parameter [127:0] WRITEMODE_A = "NORMAL",
    parameter [127:0] WRITEMODE_B = "NORMAL",
    parameter [47:0] REGMODE_A = "NOREG",
    parameter [47:0] REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    // Of the reset of the whole device, which is not simulated
    parameter GSR = "ENABLED",
    // 16 words of 18 bits, each in 20 bits
    parameter [319:0]
        INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 =
        0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D
        = 0, INITVAL_0E = 0, INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
        INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A =
        0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21
        = 0, INITVAL_22 = 0, INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
        INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E =
        0, INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35
        = 0, INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
        INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
    input wire
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
        DIA0, ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input wire CLKA, CEA, OCEA, WEA, RSTA, CSA2, CSA1, CSA0,
    output wire
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1,
        DOA0,
    input wire
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1,
        DIB0, ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input wire CLKB, CEB, OCEB, WEB, RSTB, CSB2, CSB1, CSB0,
    output wire
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1,
        DOB0
);

    localparam [320*64-1:0] INITVALS = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37,
        INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E,
        INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25,
        INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
        INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13,
        INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
        INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
        INITVAL_00
    };

    localparam WIDE = DATA_WIDTH_B == 36, REGISTERED = REGMODE_A == "OUTREG" || REGMODE_B == "OUTREG";

    generate
        if (REGMODE_A != "NOREG" && REGMODE_A != "OUTREG" || REGMODE_B != "NOREG" && REGMODE_B != "OUTREG"
            || WIDE && REGMODE_A != REGMODE_B) UNMODELLED_output_register_of_DP16KD check_register ();
        if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000") UNMODELLED_chip_select_of_DP16KD check_select ();
        if (CLKAMUX != "CLKA" || CLKBMUX != "CLKB") UNMODELLED_falling_edge_of_DP16KD check_edge ();
    endgenerate

    function integer mode(input [127:0] name);
        mode = name == "NORMAL" ? 0 : name == "WRITETHROUGH" ? 1 : name == "READBEFOREWRITE" ? 2 : 3;
    endfunction

    function [18*1024-1:0] packed_words(input [320*64-1:0] padded);
        integer k;
        for (k = 0; k < 1024; k = k + 1) packed_words[18*k+:18] = padded[20*k+:18];
    endfunction

    wire [17:0] data_a = {
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
        DIA0
    };
    wire [17:0] data_b = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1,
        DIB0
    };
    wire [35:0] read_a, read_b;
    wire selected = {CSA2, CSA1, CSA0, CSB2, CSB1, CSB0} === 6'd0;

    BLOCK_RAM #(
        .BYTE(9),
        .WIDTH_0(DATA_WIDTH_A),
        .WIDTH_1(DATA_WIDTH_B),
        .MODE_0(mode(WRITEMODE_A)),
        .MODE_1(mode(WRITEMODE_B)),
        .CONTENTS(packed_words(INITVALS))
    ) block_ram (
        .clk({CLKB, CLKA}),
        .en({CEB, CEA}),
        .write({WEB & ~RSTB & (DATA_WIDTH_B != 36), WEA & ~RSTA}),
        .reset(RESETMODE == "SYNC" || {RSTB, RSTA} === 2'b00 ? {RSTB, RSTA} : 2'bxx),
        .address({
            ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
            ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0
        }),
        .byte_write({4'd0, ADB3, ADB2, ADB1, ADB0, 4'd0, ADA3, ADA2, ADA1, ADA0}),
        .data({18'd0, data_b, data_b, data_a}),
        .read({read_b, read_a})
    );

    // In a read of 36 bits, which is one of port B, both halves have its clock and its enable
    wire [17:0] word_a = WIDE ? read_b[17:0] : read_a[17:0], word_b = WIDE ? read_b[35:18] : read_b[17:0];
    wire known = selected && (!REGISTERED || {RSTA, RSTB} === 2'b00);
    reg [17:0] a_q, b_q;
    always @(posedge CLKB) begin
        if (OCEB && WIDE) a_q <= word_a;
        if (OCEB) b_q <= word_b;
    end
    always @(posedge CLKA) if (OCEA && !WIDE) a_q <= word_a;

    assign {
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1,
        DOA0
    } = known ? REGMODE_A == "OUTREG" ? a_q : word_a : {18{1'bx}};
    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1,
        DOB0
    } = known ? REGMODE_B == "OUTREG" ? b_q : word_b : {18{1'bx}};

endmodule

`default_nettype wire
