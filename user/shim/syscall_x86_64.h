/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For assembly: syscall() of a library that has the numbers from \first to \last. No frame, and no register
 * that carries an argument is touched: what is handed on, vfork included, is as it came. shim_syscall() has
 * its arguments where syscall() has them, the last on the stack.
 */
#if defined(__x86_64__) && !defined(__ILP32__)

.macro SHIM_SYSCALL first, last
	.text
	.globl	syscall
	.type	syscall, %function
	.p2align 4
syscall:
	.cfi_startproc
	endbr64
	leaq	-\first(%rdi), %rax
	cmpq	$(\last - \first), %rax
	jbe	shim_syscall
	movq	shim_next_syscall(%rip), %rax
	jmp	*%rax
	.cfi_endproc
	.size	syscall, . - syscall

	/* Before the constructor has found the C library's. */
	.globl	shim_bare_syscall
	.hidden	shim_bare_syscall
	.type	shim_bare_syscall, %function
	.p2align 4
shim_bare_syscall:
	.cfi_startproc
	endbr64
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	cmpq	$-4095, %rax
	jae	1f
	ret
1:	negl	%eax
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	call	__errno_location@PLT
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	movl	%edx, (%rax)
	movq	$-1, %rax
	ret
	.cfi_endproc
	.size	shim_bare_syscall, . - shim_bare_syscall
.endm

#endif

	.section .note.GNU-stack, "", %progbits
