"""The laws of losses and of their gradients, and mistakes in the arithmetic of kernels, wherever kernels run.

* `interpreter`: Triton's, in a process of its own;
* `subjects`: whose losses go through kernels, and what is asked of them;
* `__main__`: asks, and writes records;
* `mistakes`: how a line of a kernel is changed while laws are asked, and what they say of it;
* `plain_mistakes`: in the kernels of plain PyTorch;
* `triton_mistakes`: in those of Triton.
"""
