namespace Pipelines.Models.Text.Templates;

/// <summary>Python's operators on values. Whole numbers are those of 64 bits; larger ones are refused.</summary>
internal static class PythonArithmetic
{
    /// <summary>The result of an operator.</summary>
    /// <exception cref="PythonException">Python raises, or the result is too large.</exception>
    public static object Apply(string sign, object left, object right)
    {
        if (left is Undefined missing)
        {
            throw missing.Error;
        }

        if (right is Undefined absent)
        {
            throw absent.Error;
        }

        try
        {
            return (sign, left, right) switch
            {
                ("+", string a, string b) => Joined(a, b),
                ("+", PythonList a, PythonList b) => new PythonList([.. a.Items, .. b.Items]),
                ("+", PythonTuple a, PythonTuple b) => new PythonTuple([.. a.Items, .. b.Items]),
                ("*", string or PythonList or PythonTuple, bool or long) => Repeated(left, Whole(right)),
                ("*", bool or long, string or PythonList or PythonTuple) => Repeated(right, Whole(left)),
                ("%", string, _) => throw new PythonException(
                    "the operator '%' on a text is not supported",
                    unsupported: true
                ),
                (_, bool or long, bool or long) => OfWholes(sign, Whole(left), Whole(right)),
                (_, bool or long or double, bool or long or double) => OfNumbers(sign, Number(left), Number(right)),
                _ => throw new PythonException(
                    $"'{sign}' cannot be applied to a {PythonObjects.TypeOf(left)} and a {PythonObjects.TypeOf(right)}"
                ),
            };
        }
        catch (OverflowException)
        {
            throw new PythonException("a whole number grows beyond 64 bits", unsupported: true);
        }
    }

    /// <summary><c>-value</c> or <c>+value</c></summary>
    public static object Signed(bool minus, object value) =>
        value switch
        {
            Undefined missing => throw missing.Error,
            bool or long when Whole(value) != long.MinValue => (object)(minus ? -Whole(value) : Whole(value)),
            double number => minus ? -number : number,
            _ => throw new PythonException($"a {PythonObjects.TypeOf(value)} has no sign"),
        };

    /// <summary>A whole number, or a truth value as 0 or 1.</summary>
    public static long Whole(object value) =>
        value switch
        {
            bool flag => flag ? 1 : 0,
            long whole => whole,
            Undefined missing => throw missing.Error,
            _ => throw new PythonException($"a {PythonObjects.TypeOf(value)} stands where a whole number is wanted"),
        };

    /// <summary>A number of any kind.</summary>
    public static double Number(object value) => value is double number ? number : Whole(value);

    private static string Joined(string left, string right)
    {
        JinjaBudget.Bounded((long)left.Length + right.Length);
        return left + right;
    }

    private static object Repeated(object value, long times)
    {
        times = Math.Max(0, times);
        JinjaBudget.Bounded(times > JinjaBudget.MostCharacters ? times : times * PythonObjects.SizeOf(value));
        if (value is string text)
        {
            return string.Concat(Enumerable.Repeat(text, (int)times));
        }

        var sequence = (PythonSequence)value;
        return sequence.With([.. Enumerable.Repeat(sequence.Items, (int)times).SelectMany(i => i)]);
    }

    private static object OfWholes(string sign, long a, long b) =>
        sign switch
        {
            "+" => (object)checked(a + b), // no type in common: a whole number stays one
            "-" => checked(a - b),
            "*" => checked(a * b),
            "/" => b == 0 ? throw DivisionByZero() : (double)a / b,
            "//" => b == 0 ? throw DivisionByZero() : Floor(a, b),
            "%" => b == 0 ? throw DivisionByZero()
            : b == -1 ? 0L
            : ((a % b) + b) % b,
            _ => b < 0 ? (object)Power((double)a, b) : WholePower(a, b),
        };

    private static object OfNumbers(string sign, double a, double b) =>
        sign switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => b == 0 ? throw DivisionByZero() : a / b,
            "//" => b == 0 ? throw DivisionByZero() : Math.Floor(a / b),
            "%" => b == 0 ? throw DivisionByZero() : a - (Math.Floor(a / b) * b),
            _ => Power(a, b),
        };

    private static double Power(double a, double b) =>
        (a == 0 && b < 0) || (a < 0 && b != Math.Floor(b))
            ? throw new PythonException("the power has no value among the real numbers")
            : Math.Pow(a, b);

    private static long WholePower(long a, long b)
    {
        if (a is 0 or 1)
        {
            return b == 0 ? 1 : a;
        }

        if (a == -1)
        {
            return b % 2 == 0 ? 1 : -1;
        }

        if (b > 63)
        {
            throw new OverflowException();
        }

        long result = 1;
        for (long i = 0; i < b; i++)
        {
            result = checked(result * a);
        }

        return result;
    }

    private static long Floor(long a, long b)
    {
        long quotient = checked(a / b);
        return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
    }

    private static PythonException DivisionByZero() => new("division by zero");
}
