// SPDX-License-Identifier: Apache-2.0
// Simulation models of the block RAMs of AMD's 7 series as Yosys uses them (UG473). Yosys has models of the others.
//
// A mode that is not modelled does not compile: it instantiates a module that there is none of, whose name says what is
// lacking. Ports and parameters that do not stand here are refused, too.

// verilator lint_off DECLFILENAME
`default_nettype none

// 18 Kbit of block RAM. RAM_MODE "SDP": port A only reads, its upper half at DOB, where READ_WIDTH_A is 36; port B only
// writes, its lower half from DIA, where WRITE_WIDTH_B is 36.
module RAMB18E1 #(
    parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0,
    parameter integer DOA_REG = 0, DOB_REG = 0,
    parameter [127:0] WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST",
    parameter [31:0] RAM_MODE = "TDP",
    // What is at the outputs at first, and after a reset
    parameter [17:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
    parameter [255:0]
        INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0, INIT_04 = 0, INIT_05 = 0, INIT_06 = 0, INIT_07 = 0, INIT_08
        = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0, INIT_0C = 0, INIT_0D = 0, INIT_0E = 0, INIT_0F = 0, INIT_10 = 0,
        INIT_11 = 0, INIT_12 = 0, INIT_13 = 0, INIT_14 = 0, INIT_15 = 0, INIT_16 = 0, INIT_17 = 0, INIT_18 = 0, INIT_19
        = 0, INIT_1A = 0, INIT_1B = 0, INIT_1C = 0, INIT_1D = 0, INIT_1E = 0, INIT_1F = 0, INIT_20 = 0, INIT_21 = 0,
        INIT_22 = 0, INIT_23 = 0, INIT_24 = 0, INIT_25 = 0, INIT_26 = 0, INIT_27 = 0, INIT_28 = 0, INIT_29 = 0, INIT_2A
        = 0, INIT_2B = 0, INIT_2C = 0, INIT_2D = 0, INIT_2E = 0, INIT_2F = 0, INIT_30 = 0, INIT_31 = 0, INIT_32 = 0,
        INIT_33 = 0, INIT_34 = 0, INIT_35 = 0, INIT_36 = 0, INIT_37 = 0, INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B
        = 0, INIT_3C = 0, INIT_3D = 0, INIT_3E = 0, INIT_3F = 0,
    parameter [255:0]
        INITP_00 = 0, INITP_01 = 0, INITP_02 = 0, INITP_03 = 0, INITP_04 = 0, INITP_05 = 0, INITP_06 = 0, INITP_07 = 0
) (
    input wire CLKARDCLK, ENARDEN, REGCEAREGCE, RSTRAMARSTRAM, RSTREGARSTREG,
    input wire CLKBWRCLK, ENBWREN, REGCEB, RSTRAMB, RSTREGB,
    input wire [13:0] ADDRARDADDR, ADDRBWRADDR,
    input wire [15:0] DIADI, DIBDI,
    input wire [1:0] DIPADIP, DIPBDIP,
    input wire [1:0] WEA,
    input wire [3:0] WEBWE,
    output wire [15:0] DOADO, DOBDO,
    output wire [1:0] DOPADOP, DOPBDOP
);

    localparam [256*64-1:0] DATA = {
        INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38, INIT_37, INIT_36, INIT_35, INIT_34,
        INIT_33, INIT_32, INIT_31, INIT_30, INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
        INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20, INIT_1F, INIT_1E, INIT_1D, INIT_1C,
        INIT_1B, INIT_1A, INIT_19, INIT_18, INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
        INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08, INIT_07, INIT_06, INIT_05, INIT_04,
        INIT_03, INIT_02, INIT_01, INIT_00
    };
    localparam [256*8-1:0] PARITY = {
        INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
    };
    localparam integer WIDTH_A = READ_WIDTH_A ? READ_WIDTH_A : WRITE_WIDTH_A ? WRITE_WIDTH_A : 18;
    localparam integer WIDTH_B = READ_WIDTH_B ? READ_WIDTH_B : WRITE_WIDTH_B ? WRITE_WIDTH_B : 18;
    localparam SIMPLE = RAM_MODE == "SDP", WIDE_READ = SIMPLE && WIDTH_A == 36, WIDE_WRITE = SIMPLE && WIDTH_B == 36;

    generate
        if (DOA_REG != 0 || DOB_REG != 0) UNMODELLED_output_register_of_RAMB18E1 check_register ();
        if (READ_WIDTH_A && WRITE_WIDTH_A && READ_WIDTH_A != WRITE_WIDTH_A
            || READ_WIDTH_B && WRITE_WIDTH_B && READ_WIDTH_B != WRITE_WIDTH_B
            || SIMPLE && (WRITE_WIDTH_A || READ_WIDTH_B)) UNMODELLED_width_of_RAMB18E1 check_width ();
        if (RAM_MODE != "TDP" && !SIMPLE) UNMODELLED_mode_of_RAMB18E1 check_mode ();
        if ((|{INIT_A, INIT_B, SRVAL_A, SRVAL_B}) === 1'b1) UNMODELLED_value_after_reset_of_RAMB18E1 check_value ();
    endgenerate

    function integer mode(input [127:0] name);
        mode = name == "NO_CHANGE" ? 0 : name == "WRITE_FIRST" ? 1 : name == "READ_FIRST" ? 2 : 3;
    endfunction

    function [9*2048-1:0] bytes(input [256*64-1:0] data, input [256*8-1:0] parity);
        integer k;
        for (k = 0; k < 2048; k = k + 1) bytes[9*k+:9] = {parity[k], data[8*k+:8]};
    endfunction

    wire [17:0] data_a = {DIPADIP[1], DIADI[15:8], DIPADIP[0], DIADI[7:0]};
    wire [17:0] data_b = {DIPBDIP[1], DIBDI[15:8], DIPBDIP[0], DIBDI[7:0]};
    wire [35:0] read_a, read_b;

    BLOCK_RAM #(
        .BYTE(9),
        .A(14),
        .PORT(36),
        .WIDTH_0(WIDTH_A),
        .WIDTH_1(WIDTH_B),
        .MODE_0(mode(WRITE_MODE_A)),
        .MODE_1(mode(WRITE_MODE_B)),
        .CONTENTS(bytes(DATA, PARITY))
    ) block_ram (
        .clk({CLKBWRCLK, CLKARDCLK}),
        .en({ENBWREN, ENARDEN}),
        .write({|WEBWE & (WRITE_WIDTH_B != 0), |WEA & (WRITE_WIDTH_A != 0)}),
        .reset({RSTRAMB & ENBWREN, RSTRAMARSTRAM & ENARDEN}),
        .address({ADDRBWRADDR[13:0], ADDRARDADDR[13:0]}),
        .byte_write({4'd0, WEBWE, 6'd0, WEA}),
        .data({WIDE_WRITE ? {data_b, data_a} : {18'd0, data_b}, 18'd0, data_a}),
        .read({read_b, read_a})
    );

    wire [17:0] word_a = read_a[17:0], word_b = WIDE_READ ? read_a[35:18] : read_b[17:0];
    assign {DOPADOP[1], DOADO[15:8], DOPADOP[0], DOADO[7:0]} = word_a;
    assign {DOPBDOP[1], DOBDO[15:8], DOPBDOP[0], DOBDO[7:0]} = word_b;

endmodule

// 36 Kbit of block RAM. RAM_MODE "SDP": port A only reads, its upper half at DOB, where READ_WIDTH_A is 72; port B only
// writes, its lower half from DIA, where WRITE_WIDTH_B is 72.
module RAMB36E1 #(
    parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0,
    parameter integer DOA_REG = 0, DOB_REG = 0,
    parameter [127:0] WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST",
    parameter [31:0] RAM_MODE = "TDP",
    // What is at the outputs at first, and after a reset
    parameter [35:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
    parameter [39:0] RAM_EXTENSION_A = "NONE", RAM_EXTENSION_B = "NONE",
    parameter [255:0]
        INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0, INIT_04 = 0, INIT_05 = 0, INIT_06 = 0, INIT_07 = 0, INIT_08
        = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0, INIT_0C = 0, INIT_0D = 0, INIT_0E = 0, INIT_0F = 0, INIT_10 = 0,
        INIT_11 = 0, INIT_12 = 0, INIT_13 = 0, INIT_14 = 0, INIT_15 = 0, INIT_16 = 0, INIT_17 = 0, INIT_18 = 0, INIT_19
        = 0, INIT_1A = 0, INIT_1B = 0, INIT_1C = 0, INIT_1D = 0, INIT_1E = 0, INIT_1F = 0, INIT_20 = 0, INIT_21 = 0,
        INIT_22 = 0, INIT_23 = 0, INIT_24 = 0, INIT_25 = 0, INIT_26 = 0, INIT_27 = 0, INIT_28 = 0, INIT_29 = 0, INIT_2A
        = 0, INIT_2B = 0, INIT_2C = 0, INIT_2D = 0, INIT_2E = 0, INIT_2F = 0, INIT_30 = 0, INIT_31 = 0, INIT_32 = 0,
        INIT_33 = 0, INIT_34 = 0, INIT_35 = 0, INIT_36 = 0, INIT_37 = 0, INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B
        = 0, INIT_3C = 0, INIT_3D = 0, INIT_3E = 0, INIT_3F = 0, INIT_40 = 0, INIT_41 = 0, INIT_42 = 0, INIT_43 = 0,
        INIT_44 = 0, INIT_45 = 0, INIT_46 = 0, INIT_47 = 0, INIT_48 = 0, INIT_49 = 0, INIT_4A = 0, INIT_4B = 0, INIT_4C
        = 0, INIT_4D = 0, INIT_4E = 0, INIT_4F = 0, INIT_50 = 0, INIT_51 = 0, INIT_52 = 0, INIT_53 = 0, INIT_54 = 0,
        INIT_55 = 0, INIT_56 = 0, INIT_57 = 0, INIT_58 = 0, INIT_59 = 0, INIT_5A = 0, INIT_5B = 0, INIT_5C = 0, INIT_5D
        = 0, INIT_5E = 0, INIT_5F = 0, INIT_60 = 0, INIT_61 = 0, INIT_62 = 0, INIT_63 = 0, INIT_64 = 0, INIT_65 = 0,
        INIT_66 = 0, INIT_67 = 0, INIT_68 = 0, INIT_69 = 0, INIT_6A = 0, INIT_6B = 0, INIT_6C = 0, INIT_6D = 0, INIT_6E
        = 0, INIT_6F = 0, INIT_70 = 0, INIT_71 = 0, INIT_72 = 0, INIT_73 = 0, INIT_74 = 0, INIT_75 = 0, INIT_76 = 0,
        INIT_77 = 0, INIT_78 = 0, INIT_79 = 0, INIT_7A = 0, INIT_7B = 0, INIT_7C = 0, INIT_7D = 0, INIT_7E = 0, INIT_7F
        = 0,
    parameter [255:0]
        INITP_00 = 0, INITP_01 = 0, INITP_02 = 0, INITP_03 = 0, INITP_04 = 0, INITP_05 = 0, INITP_06 = 0, INITP_07 = 0,
        INITP_08 = 0, INITP_09 = 0, INITP_0A = 0, INITP_0B = 0, INITP_0C = 0, INITP_0D = 0, INITP_0E = 0, INITP_0F = 0
) (
    input wire CLKARDCLK, ENARDEN, REGCEAREGCE, RSTRAMARSTRAM, RSTREGARSTREG,
    input wire CLKBWRCLK, ENBWREN, REGCEB, RSTRAMB, RSTREGB,
    input wire [15:0] ADDRARDADDR, ADDRBWRADDR,
    input wire [31:0] DIADI, DIBDI,
    input wire [3:0] DIPADIP, DIPBDIP,
    input wire [3:0] WEA,
    input wire [7:0] WEBWE,
    output wire [31:0] DOADO, DOBDO,
    output wire [3:0] DOPADOP, DOPBDOP
);

    localparam [256*128-1:0] DATA = {
        INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78, INIT_77, INIT_76, INIT_75, INIT_74,
        INIT_73, INIT_72, INIT_71, INIT_70, INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68,
        INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60, INIT_5F, INIT_5E, INIT_5D, INIT_5C,
        INIT_5B, INIT_5A, INIT_59, INIT_58, INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51, INIT_50,
        INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48, INIT_47, INIT_46, INIT_45, INIT_44,
        INIT_43, INIT_42, INIT_41, INIT_40, INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
        INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30, INIT_2F, INIT_2E, INIT_2D, INIT_2C,
        INIT_2B, INIT_2A, INIT_29, INIT_28, INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
        INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18, INIT_17, INIT_16, INIT_15, INIT_14,
        INIT_13, INIT_12, INIT_11, INIT_10, INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
        INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
    };
    localparam [256*16-1:0] PARITY = {
        INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08, INITP_07, INITP_06, INITP_05,
        INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
    };
    localparam integer WIDTH_A = READ_WIDTH_A ? READ_WIDTH_A : WRITE_WIDTH_A ? WRITE_WIDTH_A : 36;
    localparam integer WIDTH_B = READ_WIDTH_B ? READ_WIDTH_B : WRITE_WIDTH_B ? WRITE_WIDTH_B : 36;
    localparam SIMPLE = RAM_MODE == "SDP", WIDE_READ = SIMPLE && WIDTH_A == 72, WIDE_WRITE = SIMPLE && WIDTH_B == 72;

    generate
        if (DOA_REG != 0 || DOB_REG != 0) UNMODELLED_output_register_of_RAMB36E1 check_register ();
        if (READ_WIDTH_A && WRITE_WIDTH_A && READ_WIDTH_A != WRITE_WIDTH_A
            || READ_WIDTH_B && WRITE_WIDTH_B && READ_WIDTH_B != WRITE_WIDTH_B
            || SIMPLE && (WRITE_WIDTH_A || READ_WIDTH_B)) UNMODELLED_width_of_RAMB36E1 check_width ();
        if (RAM_MODE != "TDP" && !SIMPLE) UNMODELLED_mode_of_RAMB36E1 check_mode ();
        if ((|{INIT_A, INIT_B, SRVAL_A, SRVAL_B}) === 1'b1) UNMODELLED_value_after_reset_of_RAMB36E1 check_value ();
        if (RAM_EXTENSION_A != "NONE" || RAM_EXTENSION_B != "NONE") UNMODELLED_cascade_of_RAMB36E1 check_cascade ();
    endgenerate

    function integer mode(input [127:0] name);
        mode = name == "NO_CHANGE" ? 0 : name == "WRITE_FIRST" ? 1 : name == "READ_FIRST" ? 2 : 3;
    endfunction

    function [9*4096-1:0] bytes(input [256*128-1:0] data, input [256*16-1:0] parity);
        integer k;
        for (k = 0; k < 4096; k = k + 1) bytes[9*k+:9] = {parity[k], data[8*k+:8]};
    endfunction

    wire [35:0] data_a = {
        DIPADIP[3], DIADI[31:24], DIPADIP[2], DIADI[23:16], DIPADIP[1], DIADI[15:8], DIPADIP[0], DIADI[7:0]
    };
    wire [35:0] data_b = {
        DIPBDIP[3], DIBDI[31:24], DIPBDIP[2], DIBDI[23:16], DIPBDIP[1], DIBDI[15:8], DIPBDIP[0], DIBDI[7:0]
    };
    wire [71:0] read_a, read_b;

    BLOCK_RAM #(
        .BYTE(9),
        .A(15),
        .PORT(72),
        .WIDTH_0(WIDTH_A),
        .WIDTH_1(WIDTH_B),
        .MODE_0(mode(WRITE_MODE_A)),
        .MODE_1(mode(WRITE_MODE_B)),
        .CONTENTS(bytes(DATA, PARITY))
    ) block_ram (
        .clk({CLKBWRCLK, CLKARDCLK}),
        .en({ENBWREN, ENARDEN}),
        .write({|WEBWE & (WRITE_WIDTH_B != 0), |WEA & (WRITE_WIDTH_A != 0)}),
        .reset({RSTRAMB & ENBWREN, RSTRAMARSTRAM & ENARDEN}),
        .address({ADDRBWRADDR[14:0], ADDRARDADDR[14:0]}),
        .byte_write({WEBWE, 4'd0, WEA}),
        .data({WIDE_WRITE ? {data_b, data_a} : {36'd0, data_b}, 36'd0, data_a}),
        .read({read_b, read_a})
    );

    wire [35:0] word_a = read_a[35:0], word_b = WIDE_READ ? read_a[71:36] : read_b[35:0];
    assign {
        DOPADOP[3], DOADO[31:24], DOPADOP[2], DOADO[23:16], DOPADOP[1], DOADO[15:8], DOPADOP[0], DOADO[7:0]
    } = word_a;
    assign {
        DOPBDOP[3], DOBDO[31:24], DOPBDOP[2], DOBDO[23:16], DOPBDOP[1], DOBDO[15:8], DOPBDOP[0], DOBDO[7:0]
    } = word_b;

endmodule

`default_nettype wire
