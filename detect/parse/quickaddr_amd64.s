#include "textflag.h"

// What is no digit ends an octet. The places of the first four such bytes choose a shuffle, which aligns the digits of each octet, so that
// all are weighed and added at once (after Lemire's "Parsing IP addresses crazily fast", 2023, and Muła's "SIMD-ized parsing of IPv4 addresses", 2023).
DATA zeros<>+0(SB)/8, $0x3030303030303030
DATA zeros<>+8(SB)/8, $0x3030303030303030
GLOBL zeros<>(SB), RODATA|NOPTR, $16

DATA nines<>+0(SB)/8, $0x0909090909090909
DATA nines<>+8(SB)/8, $0x0909090909090909
GLOBL nines<>(SB), RODATA|NOPTR, $16

DATA dots<>+0(SB)/8, $0x2e2e2e2e2e2e2e2e
DATA dots<>+8(SB)/8, $0x2e2e2e2e2e2e2e2e
GLOBL dots<>(SB), RODATA|NOPTR, $16

DATA weights<>+0(SB)/8, $0x010a6400010a6400 // nothing, hundreds, tens, ones
DATA weights<>+8(SB)/8, $0x010a6400010a6400
GLOBL weights<>(SB), RODATA|NOPTR, $16

DATA pairs<>+0(SB)/8, $0x0001000100010001
DATA pairs<>+8(SB)/8, $0x0001000100010001
GLOBL pairs<>(SB), RODATA|NOPTR, $16

DATA largest<>+0(SB)/8, $0x000000ff000000ff
DATA largest<>+8(SB)/8, $0x000000ff000000ff
GLOBL largest<>(SB), RODATA|NOPTR, $16

DATA lowest<>+0(SB)/8, $0xffffffff0004080c // the lowest byte of each octet, the last one first
DATA lowest<>+8(SB)/8, $0xffffffffffffffff
GLOBL lowest<>(SB), RODATA|NOPTR, $16

// func quickIPv4AVX(t *octetTables, b *byte) (ip uint32, n int)
TEXT ·quickIPv4AVX(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), R10
	MOVQ b+8(FP), SI
	VMOVDQU (SI), X0

	// The lines of the next window come from memory while those of this one are read: for each line about as much as one is long. All of
	// the window at once would take longer, as a processor waits for so many bytes at a time only. Behind the log's end this does nothing.
	PREFETCHT0 8192(SI)
	PREFETCHT0 8256(SI)
	PREFETCHT0 8320(SI)
	PREFETCHT0 8384(SI)

	VPCMPEQB  dots<>(SB), X0, X1
	VPCMPEQB  zeros<>(SB), X0, X2
	VPSUBB    zeros<>(SB), X0, X0 // digits become 0 to 9
	VPMINUB   nines<>(SB), X0, X3
	VPCMPEQB  X3, X0, X3
	VPMOVMSKB X1, BX              // dots
	VPMOVMSKB X2, DI              // the digit 0
	VPMOVMSKB X3, AX
	XORL      $0xffff, AX         // what is no digit

	BLSRL AX, CX
	BLSRL CX, CX
	BLSRL CX, CX   // without the first three
	BLSRL CX, DX
	XORL  AX, DX   // the first four
	XORL  CX, AX   // the first three
	TZCNTL CX, R8  // the fourth

	// The first three are dots, the fourth is none.
	ANDL DX, BX
	CMPL BX, AX
	JNE  no

	IMUL3L $0xb301a455, DX, R9 // differs in the upper eight bits for all lengths of octets: found by trying
	SHRL   $24, R9
	MOVWLZX (R10)(R9*2), R11
	CMPL   R11, DX
	JNE    no

	// An octet of several digits does not begin with 0.
	LEAL 1(AX)(AX*1), R11 // where octets begin
	ANDL DI, R11
	SHRL $1, DX
	ANDNL R11, DX, R11
	JNZ  no

	SHLQ $4, R9
	VPSHUFB 512(R10)(R9*1), X0, X0
	VPMADDUBSW weights<>(SB), X0, X0
	VPMADDWD pairs<>(SB), X0, X0
	VPCMPGTD largest<>(SB), X0, X1
	VPTEST  X1, X1
	JNZ     no
	VPSHUFB lowest<>(SB), X0, X0
	VMOVD   X0, AX
	MOVL    AX, ip+16(FP)
	MOVQ    R8, n+24(FP)
	RET

no:
	MOVL $0, ip+16(FP)
	MOVQ $0, n+24(FP)
	RET
