using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text.Templates;

/// <summary>What Python does with any value: truth, text, equality, order, length, iteration.</summary>
internal static class PythonObjects
{
    /// <summary>Python's name of a value's type, for messages.</summary>
    public static string TypeOf(object value) =>
        value switch
        {
            PythonNone => "NoneType",
            bool => "bool",
            long => "int",
            double => "float",
            string => "str",
            PythonList => "list",
            PythonTuple => "tuple",
            PythonRange => "range",
            PythonView => "view of a dict",
            PythonDict => "dict",
            PythonGenerator => "generator",
            Undefined => "Undefined",
            _ => value.GetType().Name,
        };

    /// <summary>Characters and items in a value, at any depth.</summary>
    public static long SizeOf(object value) =>
        value switch
        {
            string text => text.Length + 1,
            PythonSequence sequence => sequence.Size,
            PythonDict dict => dict.Size,
            _ => 1,
        };

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object value) =>
        value switch
        {
            PythonNone or Undefined => false,
            bool flag => flag,
            long whole => whole != 0,
            double number => number != 0,
            string text => text.Length > 0,
            PythonSequence sequence => sequence.Items.Count > 0,
            PythonDict dict => dict.Count > 0,
            _ => true,
        };

    /// <summary><c>len(value)</c></summary>
    public static long Length(object value) =>
        value switch
        {
            string text => PythonText.Length(text),
            PythonSequence sequence => sequence.Items.Count,
            PythonDict dict => dict.Count,
            Undefined => 0,
            _ => throw new PythonException($"a {TypeOf(value)} has no length"),
        };

    /// <summary>The items that a loop goes over.</summary>
    public static IEnumerable<object> Iterate(object value) =>
        value switch
        {
            string text => PythonText.Characters(text),
            PythonSequence sequence => sequence.Items,
            PythonDict dict => dict.Keys,
            PythonGenerator generator => generator.Rest(),
            Undefined => [],
            _ => throw new PythonException($"a {TypeOf(value)} cannot be gone over"),
        };

    /// <summary><c>str(value)</c>, which is what a template prints.</summary>
    /// <exception cref="PythonException">Python would print an address.</exception>
    public static string Text(object value) =>
        value switch
        {
            string text => text,
            Undefined => "",
            _ => Representation(value),
        };

    /// <summary><c>repr(value)</c></summary>
    public static string Representation(object value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    /// <summary><c>a == b</c></summary>
    public static bool AreEqual(object left, object right)
    {
        RequireStack();
        return (left, right) switch
        {
            (string a, string b) => a == b,
            (bool or long or double, bool or long or double) => CompareNumbers(left, right) == 0,
            (PythonNone, PythonNone) or (Undefined, Undefined) => true,
            (PythonList a, PythonList b) => SameItems(a, b),
            (PythonTuple a, PythonTuple b) => SameItems(a, b),
            (PythonRange a, PythonRange b) => SameItems(a, b),
            (PythonDict a, PythonDict b) => a.Count == b.Count
                && a.Entries.All(e => b.Find(e.Key) is { } other && AreEqual(e.Value, other)),
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>The order of two values: below 0, 0, above 0; null where a number is not a number.</summary>
    /// <exception cref="PythonException">They have no order.</exception>
    public static int? Compare(object left, object right)
    {
        RequireStack();
        switch (left, right)
        {
            case (Undefined a, _):
                throw a.Error;
            case (_, Undefined b):
                throw b.Error;
            case (string a, string b):
                return PythonText.Compare(a, b);
            case (bool or long or double, bool or long or double):
                return CompareNumbers(left, right);
            case (PythonList, PythonList) or (PythonTuple, PythonTuple):
                var (one, other) = (((PythonSequence)left).Items, ((PythonSequence)right).Items);
                for (int i = 0; i < one.Count && i < other.Count; i++)
                {
                    if (!AreEqual(one[i], other[i]))
                    {
                        return Compare(one[i], other[i]);
                    }
                }

                return one.Count.CompareTo(other.Count);
            default:
                throw new PythonException($"a {TypeOf(left)} and a {TypeOf(right)} have no order");
        }
    }

    /// <summary><c>item in container</c></summary>
    public static bool Contains(object container, object item) =>
        container switch
        {
            string text => item is string part
                ? text.Contains(part, StringComparison.Ordinal)
                : throw new PythonException($"a {TypeOf(item)} cannot be looked for in a text"),
            PythonDict dict => dict.Find(item) is not null,
            _ => Iterate(container).Any(i => AreEqual(i, item)),
        };

    /// <summary>A float as Python shows it: the shortest text that gives it back.</summary>
    public static string Shown(double number)
    {
        if (double.IsNaN(number))
        {
            return "nan";
        }

        if (double.IsInfinity(number))
        {
            return number > 0 ? "inf" : "-inf";
        }

        (string sign, string digits, int exponent) = Digits(number.ToString("R", CultureInfo.InvariantCulture));
        if (number == 0)
        {
            return sign + "0.0";
        }

        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return Invariant.Text($"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>Refuses what is nested so deep that the stack would end.</summary>
    public static void RequireStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new PythonException("values or calls are nested too deep", unsupported: true);
        }
    }

    /// <summary>
    /// The significant digits of a number in .NET's round-trip form, and the power of ten of the first.
    /// </summary>
    private static (string Sign, string Digits, int Exponent) Digits(string round)
    {
        string sign = round[0] == '-' ? "-" : "";
        string[] parts = round.TrimStart('-').Split('E');
        string[] mantissa = parts[0].Split('.');
        string all = string.Concat(mantissa);
        string digits = all.TrimStart('0');
        int exponent = mantissa[0].Length - 1 - (all.Length - digits.Length);
        if (parts.Length == 2)
        {
            exponent += int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }

        digits = digits.TrimEnd('0');
        return (sign, digits.Length == 0 ? "0" : digits, exponent);
    }

    private static bool SameItems(PythonSequence left, PythonSequence right)
    {
        if (left.Items.Count != right.Items.Count)
        {
            return false;
        }

        for (int i = 0; i < left.Items.Count; i++)
        {
            if (!AreEqual(left.Items[i], right.Items[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static int? CompareNumbers(object left, object right)
    {
        if (left is not double && right is not double)
        {
            return Whole(left).CompareTo(Whole(right));
        }

        double a = left is double x ? x : Whole(left),
            b = right is double y ? y : Whole(right);
        return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);

        static long Whole(object value) => value is bool flag ? (flag ? 1 : 0) : (long)value;
    }

    private static void Append(StringBuilder text, object value)
    {
        RequireStack();
        if (text.Length > JinjaBudget.MostCharacters)
        {
            throw new PythonException("a text grows too long", unsupported: true);
        }

        switch (value)
        {
            case PythonNone:
                text.Append("None");
                break;
            case bool flag:
                text.Append(flag ? "True" : "False");
                break;
            case long whole:
                text.Append(whole.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                text.Append(Shown(number));
                break;
            case string inner:
                PythonText.AppendQuoted(text, inner);
                break;
            case Undefined:
                text.Append("Undefined");
                break;
            case PythonList list:
                AppendAll(text, "[", list.Items, "]");
                break;
            case PythonTuple { Items: [var one] }:
                text.Append('(');
                Append(text, one);
                text.Append(",)");
                break;
            case PythonTuple tuple:
                AppendAll(text, "(", tuple.Items, ")");
                break;
            case PythonDict dict:
                string separator = "{";
                foreach (var (key, entry) in dict.Entries)
                {
                    text.Append(separator);
                    Append(text, key);
                    text.Append(": ");
                    Append(text, entry);
                    separator = ", ";
                }

                text.Append(dict.Count == 0 ? "{}" : "}");
                break;
            default:
                throw new PythonException($"a {TypeOf(value)} has no text of its own to print", unsupported: true);
        }
    }

    private static void AppendAll(StringBuilder text, string open, IReadOnlyList<object> items, string close)
    {
        text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                text.Append(", ");
            }

            Append(text, items[i]);
        }

        text.Append(close);
    }
}
