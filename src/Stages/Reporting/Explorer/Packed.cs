using System.Runtime.InteropServices;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>
/// Numbers as a page holds them, in base64: the script reads them as a typed array without parsing, and writes them as
/// tables and figures do, to the last digit.
/// </summary>
internal static class Packed
{
    /// <summary>Numbers with all their bits: float64, little-endian as all processors that libtorch is for.</summary>
    public static string Of(double[] values) => Convert.ToBase64String(MemoryMarshal.AsBytes(values.AsSpan()));
}

/// <summary>
/// Signed numbers with one byte each, for colours alone: whole multiples of a step, which is 1/127 of the greatest
/// size. What is not 0 keeps its sign.
/// </summary>
/// <param name="Step">What one stands for; 0 = all are zero.</param>
/// <param name="Data">int8, in base64.</param>
internal sealed record PackedColours(double Step, string Data)
{
    /// <summary>Of numbers; what is not finite becomes 0.</summary>
    public static PackedColours Of(IReadOnlyList<double> values)
    {
        double step = values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max() / sbyte.MaxValue;
        return new PackedColours(step, Convert.ToBase64String([.. values.Select(v => (byte)Steps(v, step))]));
    }

    private static sbyte Steps(double value, double step) =>
        !(step > 0) || !double.IsFinite(value) ? (sbyte)0
        : (sbyte)Math.Round(value / step) is var steps && steps == 0 ? (sbyte)Math.Sign(value)
        : steps;
}
