using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Stages.Checking;

/// <summary>
/// A model held against what another program computed with the same checkpoint, in the order of computation: pixels,
/// prompt, keys and values layer by layer, logits. The first check that fails is where the two part; those after it
/// follow from it.
/// </summary>
/// <param name="model">The model; it must take the picture as the hub's processor does, or the pictures differ.</param>
/// <param name="reference">What the other program gave.</param>
public sealed class ReferenceComparison(VisionLanguageModel model, Reference reference)
{
    // Sums in another order move float32 results of a 7B model by about 1e-4 of their size; a wrong setting moves them
    // by 1e-2 and more. 16-bit results carry 3 digits at best.
    private const double Exact = 1e-3,
        Rounded = 2e-2;

    /// <summary>Share of a quantity's size by which two correct programs may differ.</summary>
    public double Tolerance { get; } =
        reference.ComputeType.EndsWith("float32", StringComparison.Ordinal)
        && model.Decoder.Arithmetic.Compute == torch.ScalarType.Float32
            ? Exact
            : Rounded;

    /// <summary>Compares step by step.</summary>
    /// <exception cref="InputException">The picture cannot be read, or the reference is of another model.</exception>
    public IEnumerable<CheckResult> Run()
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(reference.File))!;
        Picture picture = PictureDecoder.Decode(Path.Combine(folder, reference.Picture));
        if (reference.PixelNorm is { } norm)
        {
            double own = Norm(model.Preprocess(picture).Values);
            string hint = Near(own, norm, norm)
                ? ""
                : "; a `fast` image processor resizes otherwise than PIL: use_fast=False";
            yield return new CheckResult(
                "pixel values",
                Near(own, norm, norm),
                Invariant.Text($"norm {own:0.0000}, reference {norm:0.0000}") + hint
            );
        }

        using ImageFeatures features = model.Features(picture);
        PromptTokens prompt = model.Prompt(reference.Question, features.Tokens);
        int imageToken = prompt.Ids[prompt.ImageStart];
        int expected = reference.InputIds.Count(id => id == imageToken);
        yield return new CheckResult(
            "image tokens",
            expected == prompt.ImageLength,
            Invariant.Text($"{prompt.ImageLength}, reference {expected}")
        );
        yield return PromptIds(prompt);
        using PrefixCache prefix = PrefixCache.Compute(model, prompt, features);
        if (expected == prompt.ImageLength)
        {
            yield return KeysAndValues(prefix);
        }

        using IntactRun intact = IntactRun.Compute(prefix);
        yield return Logits(intact.Logits);
    }

    private CheckResult PromptIds(PromptTokens prompt)
    {
        IReadOnlyList<int> own = prompt.Ids,
            other = reference.InputIds;
        int first = Enumerable
            .Range(0, Math.Max(own.Count, other.Count))
            .FirstOrDefault(i => Id(own, i) != Id(other, i), -1);
        return first < 0
            ? new CheckResult("prompt ids", true, Invariant.Text($"all {own.Count} are equal"))
            : new CheckResult(
                "prompt ids",
                false,
                Invariant.Text($"position {first}: {Token(own, first)}, reference {Token(other, first)}")
            );
    }

    private CheckResult KeysAndValues(PrefixCache prefix)
    {
        const string what = "keys and values of the image tokens";
        int layers = prefix.Decoder.Shape.Layers;
        if (reference.KeyNorms.Count != layers)
        {
            throw new InputException(
                reference.File,
                Invariant.Text($"it has {reference.KeyNorms.Count} layers, the model {layers}."),
                "Reference and experiment must be of one checkpoint."
            );
        }

        double worst = 0;
        for (int layer = 0; layer < layers; layer++)
        {
            KeyValueBlock image = prefix.Image(layer);
            foreach (
                (string name, double own, double other) in new[]
                {
                    ("key norm", Norm(image.Keys), reference.KeyNorms[layer]),
                    ("value norm", Norm(image.Values), reference.ValueNorms[layer]),
                }
            )
            {
                if (!Near(own, other, other))
                {
                    return new CheckResult(
                        what,
                        false,
                        Invariant.Text($"layer {layer}: {name} {own:0.0000}, reference {other:0.0000}")
                    );
                }

                worst = Math.Max(worst, Math.Abs(own - other) / other);
            }

            if (reference.LastKeys is { } keys && LastKeyDifference(image, keys[layer], layer) is var difference)
            {
                string found = Invariant.Text(
                    $"layer {layer}: the last image token's key is {difference:0.0e+0} of its length away, though "
                        + $"its norm is right: another rotation or position"
                );
                if (!(difference <= Tolerance))
                {
                    return new CheckResult(what, false, found);
                }

                worst = Math.Max(worst, difference);
            }
        }

        return new CheckResult(
            what,
            true,
            Invariant.Text($"{layers} layers, largest relative difference {worst:0.0e+0}")
        );
    }

    /// <summary>
    /// How far the first head's key at the last image token is from the reference's, as a share of its length.
    /// </summary>
    private double LastKeyDifference(KeyValueBlock image, IReadOnlyList<double> expected, int layer)
    {
        using var scope = torch.NewDisposeScope();
        float[] own = ToFloats(image.KeysByToken()[0, image.Length - 1]); // [d]
        if (own.Length != expected.Count)
        {
            throw new InputException(
                reference.File,
                Invariant.Text(
                    $"'last_keys' of layer {layer} has {expected.Count} numbers; a head of the model has {own.Length}."
                )
            );
        }

        double squared = own.Zip(expected, (a, b) => (a - b) * (a - b)).Sum();
        return Math.Sqrt(squared / expected.Sum(b => b * b));
    }

    private CheckResult Logits(IReadOnlyList<float> own)
    {
        const string what = "logits at the last position";
        double size = reference.TopLogits.Max(Math.Abs);
        double worst = 0;
        for (int i = 0; i < reference.TopTokens.Count; i++)
        {
            int token = reference.TopTokens[i];
            if (token >= own.Count)
            {
                throw new InputException(
                    reference.File,
                    Invariant.Text($"token {token} has no row in this model's unembedding ({own.Count} rows)."),
                    "Reference and experiment must be of one checkpoint."
                );
            }

            if (!Near(own[token], reference.TopLogits[i], size))
            {
                return new CheckResult(
                    what,
                    false,
                    Invariant.Text(
                        $"number {i + 1}, {Token(token)}: {own[token]:0.0000}, reference "
                            + $"{reference.TopLogits[i]:0.0000}"
                    )
                );
            }

            worst = Math.Max(worst, Math.Abs(own[token] - reference.TopLogits[i]));
        }

        // The largest logits agree; a token that the reference does not name must not stand above them.
        double least = reference.TopLogits.Min() + (Tolerance * size);
        var named = reference.TopTokens.ToHashSet();
        int stranger = Enumerable.Range(0, own.Count).FirstOrDefault(t => own[t] > least && !named.Contains(t), -1);
        return stranger < 0
            ? new CheckResult(
                what,
                true,
                Invariant.Text(
                    $"the {reference.TopTokens.Count} largest differ by {worst:0.0e+0} at most, first "
                        + $"{Token(reference.TopTokens[0])} {own[reference.TopTokens[0]]:0.0000}"
                )
            )
            : new CheckResult(
                what,
                false,
                Invariant.Text(
                    $"{Token(stranger)} has {own[stranger]:0.0000} here and is not among the reference's "
                        + $"{reference.TopTokens.Count} largest"
                )
            );
    }

    /// <summary>Whether two numbers differ by no more than the tolerance times a size; NaN is never near.</summary>
    private bool Near(double own, double other, double size) => Math.Abs(own - other) <= Tolerance * Math.Abs(size);

    private static int? Id(IReadOnlyList<int> ids, int position) => position < ids.Count ? ids[position] : null;

    private string Token(IReadOnlyList<int> ids, int position) => Id(ids, position) is { } id ? Token(id) : "no token";

    private string Token(int id) => Invariant.Text($"{id} '{Shown.Name(model.Tokenizer.TokenText(id))}'");

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static double Norm(torch.Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        return Norm(ToFloats(tensor));
    }

    private static float[] ToFloats(torch.Tensor tensor) =>
        tensor.to(torch.ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
}
