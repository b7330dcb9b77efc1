using System.Buffers.Binary;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>
/// Numbers as a page holds them: whole multiples of a step, little-endian, in base64. The script reads them as a typed
/// array without parsing; a step is 1/32,767 of the greatest size, finer than any figure shows. What is not 0 keeps its
/// sign.
/// </summary>
/// <param name="Step">What one stands for; 0 = all are zero.</param>
/// <param name="Data">int16, or of <see cref="Bytes"/> int8.</param>
internal sealed record Packed(double Step, string Data)
{
    /// <summary>Signed numbers with two bytes each; what is not finite becomes 0.</summary>
    public static Packed Of(IReadOnlyList<double> values)
    {
        double step = Greatest(values) / short.MaxValue;
        byte[] data = new byte[sizeof(short) * values.Count];
        for (int i = 0; i < values.Count; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(data.AsSpan(sizeof(short) * i), (short)Steps(values[i], step));
        }

        return new Packed(step, Convert.ToBase64String(data));
    }

    /// <summary>Signed numbers with one byte each, for colours alone.</summary>
    public static Packed Bytes(IReadOnlyList<double> values)
    {
        double step = Greatest(values) / sbyte.MaxValue;
        return new Packed(step, Convert.ToBase64String([.. values.Select(v => (byte)(sbyte)Steps(v, step))]));
    }

    private static double Steps(double value, double step) =>
        !(step > 0) || !double.IsFinite(value) ? 0
        : Math.Round(value / step) is var steps && steps == 0 ? Math.Sign(value)
        : steps;

    private static double Greatest(IReadOnlyList<double> values) =>
        values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
}
