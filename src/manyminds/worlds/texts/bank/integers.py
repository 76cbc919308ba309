"""Functions from elementary number theory."""

from manyminds.worlds.texts.bank.kinds import Positive, Small, Whole


def common_divisor(a: Positive, b: Positive) -> int:
    """Give the greatest number that divides both.

    >>> common_divisor(12, 18)
    6
    >>> common_divisor(7, 5)
    1
    """
    while b:
        a, b = b, a % b
    return a


def is_prime(n: Whole) -> bool:
    """Tell whether n has exactly two divisors.

    >>> is_prime(7)
    True
    >>> is_prime(9)
    False
    """
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


def digit_sum(n: Whole) -> int:
    """Add the decimal digits.

    >>> digit_sum(305)
    8
    >>> digit_sum(7)
    7
    """
    total = 0
    while n > 0:
        total += n % 10
        n //= 10
    return total


def digits_backwards(n: Whole) -> int:
    """Give the number whose decimal digits stand in reverse order.

    >>> digits_backwards(123)
    321
    >>> digits_backwards(40)
    4
    """
    found = 0
    while n > 0:
        found = 10 * found + n % 10
        n //= 10
    return found


def count_divisors(n: Positive) -> int:
    """Count the positive divisors.

    >>> count_divisors(12)
    6
    >>> count_divisors(7)
    2
    """
    count, d = 0, 1
    while d * d <= n:
        if n % d == 0:
            count += 1 if d * d == n else 2
        d += 1
    return count


def is_perfect(n: Positive) -> bool:
    """Tell whether n is the sum of its divisors other than itself.

    >>> is_perfect(6)
    True
    >>> is_perfect(12)
    False
    """
    total = 0
    for d in range(1, n // 2 + 1):
        if n % d == 0:
            total += d
    return total == n


def halving_steps(n: Positive) -> int:
    """Count the steps to 1 when an even number is halved and an odd one made 3 n + 1.

    >>> halving_steps(6)
    8
    >>> halving_steps(1)
    0
    """
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def binary(n: Whole) -> str:
    """Write n in base two without leading zeros.

    >>> binary(6)
    '110'
    >>> binary(0)
    '0'
    """
    if n == 0:
        return "0"
    found = ""
    while n > 0:
        found = str(n % 2) + found
        n //= 2
    return found


def primes_below(n: Whole) -> list[int]:
    """List the primes smaller than n.

    >>> primes_below(10)
    [2, 3, 5, 7]
    >>> primes_below(3)
    [2]
    """
    sieve = [True] * n
    found = []
    for i in range(2, n):
        if sieve[i]:
            found.append(i)
            for j in range(i * i, n, i):
                sieve[j] = False
    return found


def power_mod(base: Whole, exponent: Whole, modulus: Positive) -> int:
    """Give the rest of base to the exponent when divided by the modulus.

    >>> power_mod(2, 5, 7)
    4
    >>> power_mod(3, 0, 5)
    1
    """
    found = 1 % modulus
    base %= modulus
    while exponent > 0:
        if exponent % 2 == 1:
            found = found * base % modulus
        base = base * base % modulus
        exponent //= 2
    return found


def whole_root(n: Whole) -> int:
    """Give the largest number whose square is at most n.

    >>> whole_root(17)
    4
    >>> whole_root(9)
    3
    """
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        if middle * middle <= n:
            low = middle
        else:
            high = middle
    return low


def prime_factors(n: Positive) -> list[int]:
    """List the prime factors in ascending order, each as often as it divides n.

    >>> prime_factors(12)
    [2, 2, 3]
    >>> prime_factors(7)
    [7]
    """
    found, d = [], 2
    while d * d <= n:
        while n % d == 0:
            found.append(d)
            n //= d
        d += 1
    if n > 1:
        found.append(n)
    return found


def trailing_zeros(n: Whole) -> int:
    """Count the zeros at the end of 1 * 2 * ... * n.

    >>> trailing_zeros(10)
    2
    >>> trailing_zeros(4)
    0
    """
    count = 0
    while n >= 5:
        n //= 5
        count += n
    return count


def root_digit(n: Whole) -> int:
    """Add the decimal digits, and those of the sum, until one digit is left.

    >>> root_digit(99)
    9
    >>> root_digit(38)
    2
    """
    while n > 9:
        total = 0
        while n > 0:
            total += n % 10
            n //= 10
        n = total
    return n


def is_narcissistic(n: Whole) -> bool:
    """Tell whether n is the sum of its decimal digits, each to the power of how many there are.

    >>> is_narcissistic(153)
    True
    >>> is_narcissistic(10)
    False
    """
    digits = str(n)
    total = 0
    for d in digits:
        total += int(d) ** len(digits)
    return total == n


def count_coprime(n: Small) -> int:
    """Count the numbers from 1 to n that share no divisor but 1 with n; 0 for 0.

    >>> count_coprime(6)
    2
    >>> count_coprime(5)
    4
    """
    count = 0
    for k in range(1, n + 1):
        a, b = n, k
        while b:
            a, b = b, a % b
        if a == 1:
            count += 1
    return count
