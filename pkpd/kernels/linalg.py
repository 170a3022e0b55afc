"""Small dense linear algebra: Cholesky factor, solution and log determinant of matrices of a few rows."""

from __future__ import annotations

import math

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import kernel


@kernel
def cholesky(matrix: FloatArray, factor: FloatArray) -> bool:
    """Write the lower Cholesky factor; return False where the matrix is not positive definite."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                factor[i, i] = math.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
        for j in range(i + 1, n):
            factor[i, j] = 0.0
    return True


@kernel
def cholesky_solve(factor: FloatArray, right: FloatArray, solution: FloatArray) -> None:
    """Write the solution of (factor factor') x = right."""
    n = right.size
    for i in range(n):
        total = right[i]
        for k in range(i):
            total -= factor[i, k] * solution[k]
        solution[i] = total / factor[i, i]
    for i in range(n - 1, -1, -1):
        total = solution[i]
        for k in range(i + 1, n):
            total -= factor[k, i] * solution[k]
        solution[i] = total / factor[i, i]


@kernel
def log_determinant(factor: FloatArray) -> float:
    """Return the logarithm of the determinant of factor factor'."""
    total = 0.0
    for i in range(factor.shape[0]):
        total += 2.0 * math.log(factor[i, i])
    return total
