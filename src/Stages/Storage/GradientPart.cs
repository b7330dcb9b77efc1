using System.Runtime.InteropServices;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>A gradient pass under a mask.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Which of the masks drawn for gradients.</param>
/// <param name="Heads">The mask: ceil(N/8) bytes; head n is bit n%8, least significant first, of byte n/8; 1 =
/// intact.</param>
/// <param name="F">Adjusted logit of the target token.</param>
/// <param name="Phi">(f - f(0)) / (f(1) - f(0)).</param>
/// <param name="Gradient">d phi / d x_n of every head: N float32, little-endian.</param>
[Table("gradients", InParts = true)]
internal sealed record GradientRow(
    [RowKey] string SampleId,
    [RowKey] int MaskIndex,
    byte[] Heads,
    [Unit(UnitAttribute.Logits)] double F,
    [Unit(UnitAttribute.Phi)] double Phi,
    [Unit("phi a head")] byte[] Gradient
);

/// <summary>A run of gradient passes of one sample, as a part file of the table <c>gradients</c> holds it.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Indexes of the masks, [rows].</param>
/// <param name="Heads">The masks, [rows].</param>
/// <param name="F">Adjusted logits, [rows].</param>
/// <param name="Phi">Normalised logits, [rows].</param>
/// <param name="Gradients">d phi / d x, [rows][N].</param>
public sealed record GradientPart(
    string SampleId,
    int[] MaskIndex,
    byte[][] Heads,
    double[] F,
    double[] Phi,
    float[][] Gradients
)
{
    /// <summary>Writes the passes as a part file.</summary>
    /// <param name="path">Target.</param>
    public void Write(string path) =>
        Tables
            .Of<GradientRow>()
            .Write(
                path,
                new Indexed<GradientRow>(
                    MaskIndex.Length,
                    i => new GradientRow(SampleId, MaskIndex[i], Heads[i], F[i], Phi[i], Bytes(Gradients[i]))
                )
            );

    /// <summary>Streams part files, a row group at a time.</summary>
    /// <param name="paths">Part files in order.</param>
    /// <param name="heads">N: every gradient must have as many numbers, every mask ceil(N/8) bytes.</param>
    /// <exception cref="InputException">A file is damaged, of another model, or holds a number that is not
    /// finite.</exception>
    public static IEnumerable<GradientPart> Read(IEnumerable<string> paths, int heads)
    {
        foreach (string path in paths)
        {
            foreach (var group in ParquetFile.Groups(path))
            {
                float[][] gradients = Array.ConvertAll(group.Bytes("gradient"), bytes => Numbers(path, bytes, heads));
                byte[][] masks = group.Bytes("heads");
                if (Array.Find(masks, m => m.Length != HeadMasks.Bytes(heads)) is { } wrong)
                {
                    throw new InputException(
                        path,
                        $"column 'heads' holds a mask of {wrong.Length} bytes that does not fit {heads} heads.",
                        "It belongs to another model: delete it and run again."
                    );
                }

                double[] phi = group.Numbers<double>("phi");
                if (!phi.All(double.IsFinite) || !gradients.All(g => g.All(float.IsFinite)))
                {
                    throw new InputException(
                        path,
                        "holds a phi or a gradient that is not finite.",
                        "The model overflowed there: compute in float32 (model.compute), or reject the sample."
                    );
                }

                yield return new GradientPart(
                    TablePart.OneSample(path, group),
                    group.Numbers<int>("mask_index"),
                    masks,
                    group.Numbers<double>("f"),
                    phi,
                    gradients
                );
            }
        }
    }

    private static byte[] Bytes(float[] gradient) =>
        BitConverter.IsLittleEndian
            ? MemoryMarshal.AsBytes<float>(gradient).ToArray()
            : throw new PlatformNotSupportedException("tables are little-endian");

    private static float[] Numbers(string path, byte[] bytes, int heads) =>
        bytes.Length == heads * sizeof(float)
            ? MemoryMarshal.Cast<byte, float>(bytes).ToArray()
            : throw new InputException(
                path,
                $"column 'gradient' holds {bytes.Length} bytes, not {heads * sizeof(float)} for {heads} heads.",
                "It belongs to another model: delete it and run again."
            );
}
