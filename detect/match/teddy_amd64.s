#include "textflag.h"

DATA lower<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA lower<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL lower<>(SB), RODATA|NOPTR, $16

// TABLES puts the mask of the lower halves into Y7 and the tables at F into Y8 to Y15.
#define TABLES(F) \
	VBROADCASTI128 lower<>(SB), Y7 \
	VBROADCASTI128 0(F), Y8 \
	VBROADCASTI128 16(F), Y9 \
	VBROADCASTI128 32(F), Y10 \
	VBROADCASTI128 48(F), Y11 \
	VBROADCASTI128 64(F), Y12 \
	VBROADCASTI128 80(F), Y13 \
	VBROADCASTI128 96(F), Y14 \
	VBROADCASTI128 112(F), Y15

// LOOKUP makes of the 32 bytes in X the buckets that the tables LO and HI let through. T is overwritten.
#define LOOKUP(X, T, LO, HI) \
	VPSRLW  $4, X, T \
	VPAND   X, Y7, X \
	VPAND   T, Y7, T \
	VPSHUFB X, LO, X \
	VPSHUFB T, HI, T \
	VPAND   T, X, X

// func likelyAVX2(f *fingerprints, b *byte, size int) (n int)
TEXT ·likelyAVX2(SB), NOSPLIT, $0-32
	MOVQ f+0(FP), AX
	MOVQ b+8(FP), SI
	MOVQ size+16(FP), CX
	XORQ DX, DX
	TABLES(AX)
	VPXOR Y6, Y6, Y6

next:
	VMOVDQU (SI)(DX*1), Y0
	VMOVDQU 1(SI)(DX*1), Y1
	VMOVDQU 2(SI)(DX*1), Y2
	VMOVDQU 3(SI)(DX*1), Y3
	LOOKUP(Y0, Y4, Y8, Y9)
	LOOKUP(Y1, Y5, Y10, Y11)
	LOOKUP(Y2, Y4, Y12, Y13)
	LOOKUP(Y3, Y5, Y14, Y15)
	VPAND  Y0, Y1, Y0
	VPAND  Y2, Y3, Y2
	VPAND  Y0, Y2, Y0
	VPTEST Y0, Y0
	JNZ    found
	ADDQ   $32, DX
	CMPQ   DX, CX
	JLT    next
	JMP    done

found:
	VPCMPEQB  Y6, Y0, Y0
	VPMOVMSKB Y0, AX
	NOTL      AX
	TZCNTL    AX, AX
	ADDQ      AX, DX

done:
	MOVQ DX, n+24(FP)
	VZEROUPPER
	RET

// REFUSED makes in X of the 32 bytes at AT the buckets that the tables LO and HI refuse. T is overwritten. The index of a VPSHUFB is the
// lower four bits of a byte unless its highest is set: then the result is 0, none is refused, and HI decides alone.
#define REFUSED(AT, X, T, LO, HI) \
	VMOVDQU AT, T \
	VPSHUFB T, LO, X \
	VPSRLW  $4, T, T \
	VPAND   T, Y7, T \
	VPSHUFB T, HI, T \
	VPOR    T, X, X

// func hitsAVX2(f *fingerprints, block *byte, limit int, spans *parse.Span, stride, n int) (hits uint64)
TEXT ·hitsAVX2(SB), NOSPLIT, $0-56
	MOVQ f+0(FP), AX
	MOVQ block+8(FP), SI
	MOVQ limit+16(FP), R8
	MOVQ spans+24(FP), DI
	MOVQ stride+32(FP), R9
	MOVQ n+40(FP), R10
	XORQ CX, CX
	XORQ BX, BX
	TABLES(AX)
	VPCMPEQB Y6, Y6, Y6

span:
	MOVL 0(DI), DX
	MOVL 4(DI), R11
	CMPQ R11, R8
	JGT  far
	CMPQ DX, R11
	JGE  following
	VMOVDQA Y6, Y5

	// Two vectors at a time: the request lines of most logs take no more, so that the loop ends as guessed.
more:
	LEAQ (SI)(DX*1), R12
	REFUSED(0(R12), Y0, Y4, Y8, Y9)
	REFUSED(1(R12), Y1, Y4, Y10, Y11)
	REFUSED(2(R12), Y2, Y4, Y12, Y13)
	REFUSED(3(R12), Y3, Y4, Y14, Y15)
	VPOR Y0, Y1, Y0
	VPOR Y2, Y3, Y2
	VPOR Y0, Y2, Y0
	VPAND Y0, Y5, Y5
	REFUSED(32(R12), Y0, Y4, Y8, Y9)
	REFUSED(33(R12), Y1, Y4, Y10, Y11)
	REFUSED(34(R12), Y2, Y4, Y12, Y13)
	REFUSED(35(R12), Y3, Y4, Y14, Y15)
	VPOR Y0, Y1, Y0
	VPOR Y2, Y3, Y2
	VPOR Y0, Y2, Y0
	VPAND Y0, Y5, Y5
	ADDQ $64, DX
	CMPQ DX, R11
	JLT  more

	XORL   R13, R13
	VPTEST Y6, Y5 // carry: all is refused everywhere
	SETCC  R13
	SHLQ   CX, R13
	ORQ    R13, BX

following:
	ADDQ R9, DI
	INCQ CX
	CMPQ CX, R10
	JLT  span
	MOVQ BX, hits+48(FP)
	VZEROUPPER
	RET

far:
	BTSQ CX, BX
	JMP  following

// One letter case stands for both, and a byte of 128 or more for one below: what is left are six bits of a byte, 0 to 4 and 6.
DATA fold<>+0(SB)/8, $0x0102040810400000
GLOBL fold<>(SB), RODATA|NOPTR, $8

// PASSED makes in X of the 64 bytes at AT the buckets that TABLE lets through.
#define PASSED(AT, X, TABLE) \
	VMOVDQU64       AT, X        \
	VGF2P8AFFINEQB  $0, Z7, X, X \
	VPERMB          TABLE, X, X

// func hitsAVX512(f *foldedPrints, block *byte, limit int, spans *parse.Span, stride, n int) (hits uint64)
TEXT ·hitsAVX512(SB), NOSPLIT, $0-56
	MOVQ f+0(FP), AX
	MOVQ block+8(FP), SI
	MOVQ limit+16(FP), R8
	MOVQ spans+24(FP), DI
	MOVQ stride+32(FP), R9
	MOVQ n+40(FP), R10
	XORL CX, CX
	XORL BX, BX
	VPBROADCASTQ fold<>(SB), Z7
	VMOVDQU64    0(AX), Z8
	VMOVDQU64    64(AX), Z9
	VMOVDQU64    128(AX), Z10
	VMOVDQU64    192(AX), Z11

span:
	MOVL 0(DI), DX
	MOVL 4(DI), R11
	CMPQ R11, R8
	JGT  far
	CMPQ DX, R11
	JGE  following
	VPXORQ Z4, Z4, Z4

more:
	LEAQ (SI)(DX*1), R12
	PASSED(0(R12), Z0, Z8)
	PASSED(1(R12), Z1, Z9)
	PASSED(2(R12), Z2, Z10)
	PASSED(3(R12), Z3, Z11)
	VPTERNLOGQ $0x80, Z1, Z2, Z0 // passed by these three
	VPTERNLOGQ $0xf8, Z0, Z3, Z4 // and by the fourth; or passed before
	ADDQ $64, DX
	CMPQ DX, R11
	JLT  more

	XORL     R13, R13
	VPTESTMB Z4, Z4, K1
	KORTESTQ K1, K1
	SETNE    R13
	SHLQ     CX, R13
	ORQ      R13, BX

following:
	ADDQ R9, DI
	INCL CX
	CMPL CX, R10
	JLT  span
	MOVQ BX, hits+48(FP)
	VZEROUPPER
	RET

far:
	BTSQ CX, BX
	JMP  following
