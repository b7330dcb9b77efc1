using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>A check and how it ended.</summary>
/// <param name="What">The law.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Found">What was measured, in words.</param>
public sealed record CheckResult(string What, bool Passed, string Found);

/// <summary>
/// Laws without which head ablation measures nothing, tried on one picture, question and baseline: the fast path equals
/// a plain pass over all tokens, every layer's ablation acts, and it acts on nothing but the suffix. A hook that
/// silently does nothing breaks one of them.
/// </summary>
/// <param name="cache">Prefix and image of the picture, as <paramref name="fast"/> uses them.</param>
/// <param name="naive">The plain pass over the same prompt and picture.</param>
/// <param name="fast">The path that experiments use.</param>
/// <param name="baseline">What ablated heads see in it.</param>
/// <param name="target">Measures f in it.</param>
/// <param name="seed">Of the random masks.</param>
/// <param name="baselineNote">What a reader must know of the baseline where f(0) is told; empty = nothing.</param>
public sealed class AblationLaws(
    PrefixCache cache,
    NaiveForward naive,
    SuffixForward fast,
    BaselineBlocks baseline,
    OutputMeasure target,
    int seed,
    string baselineNote = ""
)
{
    private const int Masks = 12;

    /// <summary>
    /// Least change that counts as one, relative to the scale of what changes. Hooks that do nothing change nothing, or
    /// the last bits.
    /// </summary>
    private const double Moved = 1e-6;

    /// <summary>Factor from the picture's own keys and values to those that a layer is tried with.</summary>
    private const double Opposed = -8;

    private readonly DecoderShape shape = cache.Decoder.Shape;
    private readonly PromptTokens prompt = cache.Prompt;

    /// <summary>
    /// Differences up to this share of the logits' scale are the rounding of two ways to compute the same.
    /// </summary>
    private double Tolerance =>
        cache.Decoder.Arithmetic.Compute switch
        {
            torch.ScalarType.BFloat16 => 5e-2,
            torch.ScalarType.Float16 => 1e-2,
            torch.ScalarType.Float64 => 1e-9,
            _ => 1e-4,
        };

    /// <summary>The same for one way to compute in batches of different sizes.</summary>
    private double BatchTolerance => Tolerance / 10;

    /// <summary>Tries the laws one by one.</summary>
    public IEnumerable<CheckResult> Try()
    {
        int n = shape.TotalHeads;
        byte[] full = HeadMasks.Full(n),
            none = HeadMasks.None(n);
        float[] logits = naive.Logits(new AblationMask(full), baseline);
        double mean = logits.Average(l => (double)l),
            scale = target.What is Measured.Probability ? 1 : logits.Max(l => Math.Abs(l - mean));
        double plain = naive.Logit(new AblationMask(full), baseline, target);
        yield return Same("all heads intact = plain full pass", fast.Intact, plain, scale);

        double ablated = fast.Logits([none])[0],
            gap = fast.Intact - ablated;
        yield return Same(
            "all heads ablated = plain full pass",
            ablated,
            naive.Logit(new AblationMask(none), baseline, target),
            scale
        );
        yield return new CheckResult(
            "ablating everything moves the logit",
            Math.Abs(gap) > Math.Min(Tolerance, 1e-3) * scale,
            Invariant.Text(
                $"f(1) = {fast.Intact:0.0000}, f(0) = {ablated:0.0000}, of logits up to {scale:0.0} from their "
                    + $"mean{(baselineNote.Length > 0 ? "; " : "")}{baselineNote}"
            )
        );

        byte[][] masks =
        [
            .. Enumerable.Range(0, Masks).Select(i => HeadMasks.Draw(seed, "check", i, n, 0.75, MaskDraw.Exact)),
        ];
        double[] together = fast.Logits([.. masks, none, full]);
        yield return new CheckResult(
            "phi(0) = 0 and phi(1) = 1 among other masks",
            Math.Abs(together[Masks] - ablated) <= BatchTolerance * scale
                && Math.Abs(together[Masks + 1] - fast.Intact) <= BatchTolerance * scale,
            Invariant.Text(
                $"phi(0) = {(together[Masks] - ablated) / gap:0.0e+0}, phi(1) = 1 + "
                    + $"{(together[Masks + 1] - fast.Intact) / gap:0.0e+0}"
            )
        );
        yield return Same(
            "a random mask = plain full pass",
            together[0],
            naive.Logit(new AblationMask(masks[0]), baseline, target),
            scale
        );
        var tokens = new AblationMask(
            masks[1],
            HeadMasks.Draw(seed, "check text", 0, prompt.SuffixLength, 0.5, MaskDraw.Bernoulli),
            HeadMasks.Draw(seed, "check image", 0, prompt.ImageLength, 0.5, MaskDraw.Bernoulli)
        );
        yield return Same(
            "a random token mask = plain full pass",
            fast.Logits([tokens])[0],
            naive.Logit(tokens, baseline, target),
            scale
        );

        double apart = masks.Zip(together, (m, f) => Math.Abs(fast.Logits([m])[0] - f)).Max();
        yield return new CheckResult(
            "the batch does not matter",
            apart <= BatchTolerance * scale,
            Invariant.Text($"largest difference {apart:0.0e+0} over {Masks} masks, one by one and together")
        );

        foreach (CheckResult result in PrefixAndImage(full, none))
        {
            yield return result;
        }

        foreach (CheckResult result in Layers(scale))
        {
            yield return result;
        }
    }

    /// <summary>Queries of prefix and image are never ablated, so nothing about them may change.</summary>
    private IEnumerable<CheckResult> PrefixAndImage(byte[] full, byte[] none)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        torch.Tensor intact = naive.States(new AblationMask(full), baseline),
            ablated = naive.States(new AblationMask(none), baseline); // [T, hidden]
        torch.Tensor change = (ablated - intact).abs();
        double before = change.narrow(0, 0, prompt.SuffixStart).max().to(torch.ScalarType.Float64).item<double>();
        double after = change
            .narrow(0, prompt.SuffixStart, prompt.SuffixLength)
            .max()
            .to(torch.ScalarType.Float64)
            .item<double>();
        yield return new CheckResult(
            "no effect on prefix and image tokens",
            before == 0,
            Invariant.Text(
                $"largest change {before:0.0e+0} at {prompt.SuffixStart} tokens before the suffix, {after:0.0e+0} at "
                    + $"{prompt.SuffixLength} suffix tokens, with all heads ablated"
            )
        );
    }

    /// <summary>
    /// Ablates one layer at a time, in both paths. The baseline is the picture's own keys and values enlarged with the
    /// sign turned: heads that look away from the image then look at it, so that every layer acts, even one that the
    /// answer does not need.
    /// </summary>
    private IEnumerable<CheckResult> Layers(double scale)
    {
        using BaselineBlocks turned = Turned();
        IReadOnlyList<LayerEffect> effects = naive.LayerEffects(turned);
        yield return Each(
            "every layer's ablation acts in the plain pass",
            [.. effects.Select(e => e.Suffix / e.Scale)],
            "the suffix states"
        );
        LayerEffect worst = effects.MaxBy(e => e.Before)!;
        yield return new CheckResult(
            "and not before the suffix",
            worst.Before == 0,
            worst.Before == 0
                ? "no bit changes in any layer"
                : Invariant.Text($"layer {worst.Layer} changes prefix or image tokens by {worst.Before:0.0e+0}")
        );

        using var opposed = new SuffixForward(cache, turned, target, fast.Batch);
        byte[][] without =
        [
            .. effects.Select(e =>
                HeadMasks.Without(shape.TotalHeads, Enumerable.Range(e.Layer * shape.Heads, shape.Heads))
            ),
        ];
        double[] f = opposed.Logits(without);
        yield return Each(
            "every layer's ablation acts in the fast path",
            [.. f.Select(x => Math.Abs(x - opposed.Intact) / scale)],
            "the logit",
            ComesToTheAnswer
        );
        foreach (int layer in new SortedSet<int> { 0, shape.Layers / 2, shape.Layers - 1 })
        {
            yield return Same(
                Invariant.Text($"layer {layer} ablated = plain full pass"),
                f[layer],
                naive.Logit(new AblationMask(without[layer]), turned, target),
                scale
            );
        }
    }

    /// <summary>The picture's own keys and values, turned round.</summary>
    private BaselineBlocks Turned()
    {
        return BaselineBlocks.Of([.. Enumerable.Range(0, shape.Layers).Select(Block)]);

        KeyValueBlock Block(int layer)
        {
            using var scope = torch.NewDisposeScope();
            KeyValueBlock own = cache.Image(layer);
            return KeyValueBlock.Of(
                own.KeysByToken().mul(Scalars.Of(Opposed)),
                own.Values.mul(Scalars.Of(Opposed))
            );
        }
    }

    /// <summary>
    /// Whether what the heads of a layer take from the image can come to the measured token: no window of the layer and
    /// of those behind it is too short for the way. Behind a last layer that slides there is nothing that carries on.
    /// </summary>
    private bool ComesToTheAnswer(int layer)
    {
        int last = prompt.Length - 1,
            farthest = prompt.SuffixStart - 1; // the image's last token
        for (int l = layer; l < shape.Layers; l++)
        {
            farthest = shape.WindowOf(l) is { } window ? Math.Min(last, farthest + window - 1) : last;
        }

        return farthest == last;
    }

    private static CheckResult Each(string what, double[] changes, string ofWhat, Func<int, bool>? mustAct = null)
    {
        int[] acting = [.. Enumerable.Range(0, changes.Length).Where(layer => mustAct?.Invoke(layer) != false)],
            dead = [.. acting.Where(layer => !(changes[layer] > Moved))];
        if (dead.Length > 0)
        {
            return new CheckResult(
                what,
                false,
                Invariant.Text($"ablating all heads of layer {string.Join(", ", dead)} changes nothing in {ofWhat}")
            );
        }

        if (acting.Length == 0)
        {
            return new CheckResult(what, false, "every window is too short for the way from the image to the answer");
        }

        int least = acting.MinBy(layer => changes[layer]);
        string others =
            acting.Length == changes.Length
                ? ""
                : Invariant.Text(
                    $"; in {changes.Length - acting.Length} the window is too short for the way from the image to the "
                        + $"answer"
                );
        return new CheckResult(
            what,
            true,
            Invariant.Text($"least change {changes[least]:0.0e+0} of {ofWhat}, in layer {least}{others}")
        );
    }

    private CheckResult Same(string what, double found, double expected, double scale) =>
        new(
            what,
            Math.Abs(found - expected) <= Tolerance * scale,
            Invariant.Text(
                $"{found:0.000000} and {expected:0.000000}, difference {Math.Abs(found - expected):0.0e+0} of "
                    + $"{Tolerance * scale:0.0e+0} allowed"
            )
        );
}
