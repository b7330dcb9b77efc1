using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Making;

/// <summary>
/// Values of planned tensors in 16 bits. A value is one of 65,536 evenly spaced ones, chosen by 16 bits of a
/// counter-based stream: word k of a tensor is SplitMix64's k-th output after a state that is the first eight bytes of
/// SHA-256("seed/name"), and holds four values, lowest bits first. So a tensor depends on seed and name alone, not on
/// the depth of the model.
/// </summary>
internal static class RandomValues
{
    private const int Steps = 1 << 16,
        ChunkWords = 1 << 18;

    /// <summary>Writes a tensor, little-endian, chunk by chunk.</summary>
    /// <param name="tensor">What to make.</param>
    /// <param name="stored">float16 or bfloat16.</param>
    /// <param name="seed">Seed of the model.</param>
    /// <param name="stream">Where to.</param>
    public static void Write(PlannedTensor tensor, torch.ScalarType stored, int seed, Stream stream)
    {
        ushort[] steps = Evenly(tensor, stored);
        ulong start = BitConverter.ToUInt64(
            SHA256.HashData(Encoding.UTF8.GetBytes(Invariant.Text($"{seed}/{tensor.Name}")))
        );
        var values = new ushort[(int)Math.Min(4L * ChunkWords, (tensor.Count + 3) / 4 * 4)];
        ulong word = 0;
        for (long done = 0; done < tensor.Count; done += values.Length)
        {
            for (int i = 0; i < values.Length; i += 4)
            {
                ulong bits = Word(start, word++);
                values[i] = steps[(ushort)bits];
                values[i + 1] = steps[(ushort)(bits >> 16)];
                values[i + 2] = steps[(ushort)(bits >> 32)];
                values[i + 3] = steps[bits >> 48];
            }

            stream.Write(MemoryMarshal.AsBytes(values.AsSpan(0, (int)Math.Min(values.Length, tensor.Count - done))));
        }
    }

    /// <summary>65,536 values from mean - sqrt(3) deviation to mean + sqrt(3) deviation, as stored.</summary>
    private static ushort[] Evenly(PlannedTensor tensor, torch.ScalarType stored)
    {
        var steps = new ushort[Steps];
        double reach = Math.Sqrt(3) * tensor.Deviation;
        for (int i = 0; i < Steps; i++)
        {
            float value = (float)(tensor.Mean + (reach * (((2 * i) + 1.0) / Steps - 1)));
            steps[i] = stored switch
            {
                torch.ScalarType.Float16 => BitConverter.HalfToUInt16Bits((Half)value),
                torch.ScalarType.BFloat16 => BFloat16Bits(value),
                _ => throw new ArgumentOutOfRangeException(nameof(stored)),
            };
        }

        return steps;
    }

    /// <summary>The upper half of a float32, rounded to nearest, ties to even.</summary>
    private static ushort BFloat16Bits(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static ulong Word(ulong start, ulong index)
    {
        ulong z = unchecked(start + ((index + 1) * 0x9E3779B97F4A7C15UL));
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }
}
