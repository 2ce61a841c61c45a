#include "textflag.h"
#include "go_asm.h"

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

// IPV4 reads the address at SI, of which it looks at 16 bytes: into AX, and its length into R8. Where none of the usual shape is it goes to NO.
// It uses BX, CX, DX, DI, R9, R11 and X0 to X3, and the tables t.
#define IPV4(NO) \
	VMOVDQU   (SI), X0                                                                              \
	VPCMPEQB  dots<>(SB), X0, X1                                                                    \
	VPCMPEQB  zeros<>(SB), X0, X2                                                                   \
	VPSUBB    zeros<>(SB), X0, X0 /* digits become 0 to 9 */                                        \
	VPMINUB   nines<>(SB), X0, X3                                                                   \
	VPCMPEQB  X3, X0, X3                                                                            \
	VPMOVMSKB X1, BX              /* dots */                                                        \
	VPMOVMSKB X2, DI              /* the digit 0 */                                                 \
	VPMOVMSKB X3, AX                                                                                \
	XORL      $0xffff, AX         /* what is no digit */                                            \
	BLSRL     AX, CX                                                                                \
	BLSRL     CX, CX                                                                                \
	BLSRL     CX, CX              /* without the first three */                                     \
	BLSRL     CX, DX                                                                                \
	XORL      AX, DX              /* the first four */                                              \
	XORL      CX, AX              /* the first three */                                             \
	TZCNTL    CX, R8              /* the fourth */                                                  \
	ANDL      DX, BX              /* The first three are dots, the fourth is none. */               \
	CMPL      BX, AX                                                                                \
	JNE       NO                                                                                    \
	IMUL3L    $0xb301a455, DX, R9 /* differs in the upper eight bits for all lengths of octets: found by trying */ \
	SHRL      $24, R9                                                                               \
	MOVQ      t+0(FP), CX                                                                           \
	MOVWLZX   octetTables_places(CX)(R9*2), R11                                                     \
	CMPL      R11, DX                                                                               \
	JNE       NO                                                                                    \
	LEAL      1(AX)(AX*1), R11    /* where octets begin: one of several digits not with 0 */        \
	ANDL      DI, R11                                                                               \
	SHRL      $1, DX                                                                                \
	ANDNL     R11, DX, R11                                                                          \
	JNZ       NO                                                                                    \
	SHLQ      $4, R9                                                                                \
	VPSHUFB   octetTables_shuffles(CX)(R9*1), X0, X0                                                \
	VPMADDUBSW weights<>(SB), X0, X0                                                                \
	VPMADDWD  pairs<>(SB), X0, X0                                                                   \
	VPCMPGTD  largest<>(SB), X0, X1                                                                 \
	VPTEST    X1, X1                                                                                \
	JNZ       NO                                                                                    \
	VPSHUFB   lowest<>(SB), X0, X0                                                                  \
	VMOVD     X0, AX

// func quickIPv4AVX(t *octetTables, b *byte) (ip uint32, n int)
TEXT ·quickIPv4AVX(SB), NOSPLIT, $0-32
	MOVQ b+8(FP), SI
	IPV4(no)
	MOVL AX, ip+16(FP)
	MOVQ R8, n+24(FP)
	RET

no:
	MOVL $0, ip+16(FP)
	MOVQ $0, n+24(FP)
	RET

// func quickAddrsAVX(t *octetTables, block *byte, limit int, briefs *Brief, n int) (read uint64)
TEXT ·quickAddrsAVX(SB), NOSPLIT, $0-48
	MOVQ block+8(FP), R12
	MOVQ briefs+24(FP), R13
	XORL R10, R10
	XORL R15, R15

brief:
	CMPB Brief_Usual(R13), $0
	JEQ  next
	MOVQ Brief_Hi(R13), SI
	CMPQ SI, limit+16(FP)
	JGT  next
	ADDQ R12, SI
	IPV4(next)
	ADDQ Brief_Hi(R13), R8
	CMPQ R8, Brief_Lo(R13)
	JNE  next
	MOVL AX, Brief_V4(R13)
	MOVB $0, Brief_Is6(R13)
	BTSQ R10, R15

next:
	ADDQ $Brief__size, R13
	INCL R10
	CMPQ R10, n+32(FP)
	JLT  brief
	MOVQ R15, read+40(FP)
	RET
