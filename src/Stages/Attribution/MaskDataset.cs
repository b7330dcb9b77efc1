using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>One observation: a mask and what the model gave under it.</summary>
/// <param name="MaskIndex">Which mask.</param>
/// <param name="Heads">ceil(N/8) bytes; head n is bit n%8, least significant first, of byte n/8.</param>
/// <param name="Phi">Normalised logit.</param>
internal readonly record struct Observation(int MaskIndex, byte[] Heads, double Phi);

/// <summary>
/// D = {(x_i, phi(x_i))} of one sample: part files of masks and of forward passes that hold the same mask indexes in
/// the same order (parts need not have the same borders).
/// </summary>
internal sealed class MaskDataset
{
    private readonly IReadOnlyList<string> maskParts;
    private readonly IReadOnlyList<string> forwardParts;

    private MaskDataset(IReadOnlyList<string> maskParts, IReadOnlyList<string> forwardParts, int heads, int rows)
    {
        this.maskParts = maskParts;
        this.forwardParts = forwardParts;
        Heads = heads;
        Rows = rows;
    }

    /// <summary>N.</summary>
    public int Heads { get; }

    /// <summary>M: observations.</summary>
    public int Rows { get; }

    /// <summary>Opens the part files; reads only their footers.</summary>
    /// <param name="maskParts">Parts of the table masks, in order.</param>
    /// <param name="forwardParts">Parts of the table forward, in order.</param>
    /// <param name="heads">N.</param>
    /// <exception cref="InputException">A part is damaged, or the two tables differ in rows.</exception>
    public static MaskDataset Open(IReadOnlyList<string> maskParts, IReadOnlyList<string> forwardParts, int heads)
    {
        int masks = maskParts.Sum(ParquetFile.RowCount),
            passes = forwardParts.Sum(ParquetFile.RowCount);
        return masks == passes
            ? new MaskDataset(maskParts, forwardParts, heads, masks)
            : throw new InputException(
                forwardParts.Count > 0 ? forwardParts[0] : "forward",
                $"the part files hold {passes} forward passes for {masks} masks.",
                "They belong to different runs: delete both and run again."
            );
    }

    /// <summary>Streams the observations in file order; holds one row group of each table at a time.</summary>
    /// <exception cref="InputException">A part is damaged, the tables do not belong together, or a phi is not
    /// finite.</exception>
    public IEnumerable<Observation> Observations()
    {
        using var masks = MaskPart.Read(maskParts, Heads).GetEnumerator();
        MaskPart? part = null;
        int at = 0;
        foreach (string path in forwardParts)
        {
            foreach (var forward in ForwardPart.Read([path]))
            {
                for (int i = 0; i < forward.Phi.Length; i++, at++)
                {
                    if (part is null || at == part.Heads.Length)
                    {
                        part = masks.MoveNext()
                            ? masks.Current
                            : throw new InputException(
                                path,
                                "has forward passes without masks.",
                                "Delete it and run again."
                            );
                        at = 0;
                    }

                    if (part.MaskIndex[at] != forward.MaskIndex[i])
                    {
                        throw new InputException(
                            path,
                            $"column 'mask_index' has {forward.MaskIndex[i]} where the masks have "
                                + $"{part.MaskIndex[at]}.",
                            "The part files do not belong together: delete both and run again."
                        );
                    }

                    double phi = forward.Phi[i];
                    if (!double.IsFinite(phi))
                    {
                        throw new InputException(
                            path,
                            $"column 'phi' is {phi} for mask {forward.MaskIndex[i]} of sample '{forward.SampleId}'.",
                            "The model overflowed there: compute in float32 (model.compute), or reject the sample."
                        );
                    }

                    yield return new Observation(forward.MaskIndex[i], part.Heads[at], phi);
                }
            }
        }
    }
}
