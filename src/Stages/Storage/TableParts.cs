using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A run of masks of one sample, as a part file of <see cref="MaskRow"/> or, with bits of image tokens, of
/// <see cref="ImageMaskRow"/> holds it.
/// </summary>
/// <param name="SampleId">Whose; with shared masks the name of the scope.</param>
/// <param name="MaskIndex">Indexes of the masks, [rows].</param>
/// <param name="Heads">One mask a row: ceil(N/8) bytes, least significant bit first, 1 = intact.</param>
internal sealed record MaskPart(string SampleId, int[] MaskIndex, byte[][] Heads)
{
    private const string ImageTokenBits = "image_tokens";

    /// <summary>Writes masks first, first + 1, ... as a part file.</summary>
    /// <param name="path">Target.</param>
    /// <param name="sampleId">Whose.</param>
    /// <param name="first">Index of the first mask.</param>
    /// <param name="heads">The masks.</param>
    public static void Write(string path, string sampleId, int first, IReadOnlyList<byte[]> heads) =>
        Tables
            .Of<MaskRow>()
            .Write(path, new Indexed<MaskRow>(heads.Count, i => new MaskRow(sampleId, first + i, heads[i])));

    /// <summary>Writes masks of image tokens first, first + 1, ... as a part file.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteImageTokens(string path, string sampleId, int first, IReadOnlyList<byte[]> tokens) =>
        Tables
            .Of<ImageMaskRow>()
            .Write(
                path,
                new Indexed<ImageMaskRow>(tokens.Count, i => new ImageMaskRow(sampleId, first + i, tokens[i]))
            );

    /// <summary>Streams part files, a row group at a time.</summary>
    /// <param name="paths">Part files in order.</param>
    /// <param name="heads">N: every mask must have ceil(N/8) bytes, and no bit beyond N.</param>
    /// <exception cref="InputException">A file is damaged, or its masks are of another model.</exception>
    public static IEnumerable<MaskPart> Read(IEnumerable<string> paths, int heads)
    {
        foreach (string path in paths)
        {
            foreach (var group in ParquetFile.Groups(path))
            {
                string column = group.Fields.Any(f => f.Name == ImageTokenBits) ? ImageTokenBits : "heads";
                var masks = group.Bytes(column);
                if (Array.Find(masks, m => !HeadMasks.Fits(m, heads)) is { } wrong)
                {
                    throw new InputException(
                        path,
                        $"column '{column}' holds a mask of {wrong.Length} bytes that does not fit {heads} "
                            + $"{column.Replace('_', ' ')}.",
                        "It belongs to another model: delete it and run again."
                    );
                }

                yield return new MaskPart(TablePart.OneSample(path, group), group.Numbers<int>("mask_index"), masks);
            }
        }
    }
}

/// <summary>A run of forward passes of one sample, as a part file of <see cref="ForwardRow"/> holds it.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Indexes of the masks, [rows].</param>
/// <param name="F">Adjusted logits, [rows].</param>
/// <param name="Phi">Normalised logits, [rows].</param>
internal sealed record ForwardPart(string SampleId, int[] MaskIndex, double[] F, double[] Phi)
{
    /// <summary>Writes the passes of masks first, first + 1, ... as a part file.</summary>
    /// <param name="path">Target.</param>
    /// <param name="sampleId">The sample.</param>
    /// <param name="first">Index of the first mask.</param>
    /// <param name="f">Adjusted logits.</param>
    /// <param name="phi">Normalised logits.</param>
    public static void Write(
        string path,
        string sampleId,
        int first,
        IReadOnlyList<double> f,
        IReadOnlyList<double> phi
    ) =>
        Tables
            .Of<ForwardRow>()
            .Write(path, new Indexed<ForwardRow>(f.Count, i => new ForwardRow(sampleId, first + i, f[i], phi[i])));

    /// <summary>Streams part files, a row group at a time.</summary>
    /// <param name="paths">Part files in order.</param>
    /// <exception cref="InputException">A file is damaged.</exception>
    public static IEnumerable<ForwardPart> Read(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            foreach (var group in ParquetFile.Groups(path))
            {
                yield return new ForwardPart(
                    TablePart.OneSample(path, group),
                    group.Numbers<int>("mask_index"),
                    group.Numbers<double>("f"),
                    group.Numbers<double>("phi")
                );
            }
        }
    }
}

internal static class TablePart
{
    /// <summary>The one sample that a part file's row group is about.</summary>
    public static string OneSample(string path, RowGroupSource group)
    {
        var ids = group.Texts("sample_id");
        return Array.TrueForAll(ids, id => id == ids[0])
            ? ids[0]
            : throw new InputException(path, "holds several samples; a part file has one.", "Delete it and run again.");
    }
}

/// <summary>Rows made on demand.</summary>
internal sealed class Indexed<T>(int count, Func<int, T> at) : IReadOnlyList<T>
{
    public int Count => count;

    public T this[int index] => at(index);

    public IEnumerator<T> GetEnumerator()
    {
        for (int i = 0; i < count; i++)
        {
            yield return at(i);
        }
    }

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
