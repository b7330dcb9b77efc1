using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The naive twin: a plain pass over all tokens of the prompt, one mask at a time, that ablates by replacing keys and
/// values inside attention. It shares neither cache nor batching with <see cref="SuffixForward"/> and is what tests and
/// <c>check</c> hold the fast path against.
/// </summary>
public sealed class NaiveForward : IDisposable
{
    private readonly Decoder decoder;
    private readonly PromptTokens prompt;
    private readonly LayerRotary rotary; // of the whole prompt
    private readonly torch.Tensor embeddings; // [T, hidden], whole prompt
    private readonly torch.Tensor image; // [P] int64, positions of the image tokens
    private readonly torch.Tensor[] deepStack; // a layer: [P, hidden]

    /// <summary>A prompt with a picture's features in place.</summary>
    public NaiveForward(VisionLanguageModel model, PromptTokens prompt, ImageFeatures features)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        decoder = model.Decoder;
        this.prompt = prompt;
        rotary = decoder.Rotary(model.Positions(prompt, features.Tokens));
        torch.Tensor places = torch.tensor(
            [.. prompt.ImagePlaces.Select(i => (long)i)],
            dtype: torch.ScalarType.Int64,
            device: features.Features.device
        );
        embeddings = decoder.Embed(prompt.Ids).index_copy(0, places, features.Features).DetachFromDisposeScope();
        image = places.DetachFromDisposeScope();
        deepStack = [.. features.DeepStack.Select(added => added.alias().DetachFromDisposeScope())];
    }

    /// <summary>Logits at the last position.</summary>
    /// <param name="mask">What is intact.</param>
    /// <param name="baseline">What the rest sees.</param>
    /// <returns>[V].</returns>
    public float[] Logits(AblationMask mask, BaselineBlocks baseline)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        torch.Tensor states = States(mask, baseline); // [T, hidden]
        return decoder
            .Logits(states.narrow(0, states.shape[0] - 1, 1))[0]
            .to(torch.ScalarType.Float32)
            .cpu()
            .data<float>()
            .ToArray();
    }

    /// <summary>
    /// f. The adjusted logit is taken by the target's direction; all else by a way of its own, from all logits in
    /// double.
    /// </summary>
    public double Logit(AblationMask mask, BaselineBlocks baseline, OutputMeasure target)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        return Logit(States(mask, baseline), target);
    }

    /// <summary>f of what leaves the last layer: several of one pass.</summary>
    /// <param name="states">What <see cref="States"/> returned.</param>
    /// <param name="target">f, which demands what is given behind the prompt.</param>
    public double Logit(torch.Tensor states, OutputMeasure target)
    {
        target.RequireGiven(prompt);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        int n = target.Positions;
        torch.Tensor last = states.narrow(0, states.shape[0] - n, n); // [n, hidden]
        if (target.What is Measured.Logit)
        {
            return target.Of(decoder.FinalNorm(last))[0];
        }

        torch.Tensor logits = decoder.Logits(last).to(torch.ScalarType.Float64).cpu(); // [n, V]
        torch.Tensor logs = logits.log_softmax(-1);
        return target.What switch
        {
            Measured.LogitDifference pair => logits[0, pair.Token].item<double>()
                - logits[0, pair.Against].item<double>(),
            Measured.Probability one => Math.Exp(logs[0, one.Token].item<double>()),
            var scored => scored.Scored.Select((token, i) => logs[i, token].item<double>()).Sum(),
        };
    }

    /// <summary>What leaves the last layer, at every position.</summary>
    /// <returns>[T, hidden], owned by the caller's dispose scope.</returns>
    public torch.Tensor States(AblationMask mask, BaselineBlocks baseline) => Run(mask, baseline, null);

    /// <summary>The layers one after the other.</summary>
    /// <param name="mask">What is intact.</param>
    /// <param name="baseline">What the rest sees.</param>
    /// <param name="seen">Is shown each layer, what enters and what leaves it; or null.</param>
    /// <returns>[T, hidden], owned by the caller's dispose scope.</returns>
    private torch.Tensor Run(AblationMask mask, BaselineBlocks baseline, Action<int, torch.Tensor, torch.Tensor>? seen)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = embeddings;
        for (int layer = 0; layer < decoder.Shape.Layers; layer++)
        {
            using var layerScope = torch.NewDisposeScope();
            torch.Tensor left = Layer(layer, x, mask, baseline);
            seen?.Invoke(layer, x, left);
            x = left.MoveToOuterDisposeScope();
        }

        return x.MoveToOuterDisposeScope();
    }

    /// <summary>One layer.</summary>
    /// <returns>[T, hidden], owned by the caller's dispose scope.</returns>
    private torch.Tensor Layer(int layer, torch.Tensor x, AblationMask mask, BaselineBlocks baseline)
    {
        using var scope = torch.NewDisposeScope();
        // [H | H_kv, T, d]
        (torch.Tensor queries, torch.Tensor keys, torch.Tensor values) = decoder.Project(layer, x, rotary[layer]);
        torch.Tensor heads = Attend(layer, queries, keys, values, mask, baseline.Image(layer)); // [H, T, d]
        torch.Tensor left = decoder.Layers[layer].Finish(x, Decoder.ByRow(heads));
        if (layer < deepStack.Length)
        {
            left.index_add_(0, image, deepStack[layer], Scalars.One);
        }

        return left.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What ablating all heads of one layer changes in what leaves that layer, layer by layer along the intact run. It
    /// must change the suffix tokens, or the ablation is without effect, and it must not change any token before them.
    /// </summary>
    /// <param name="baseline">What ablated heads see.</param>
    public IReadOnlyList<LayerEffect> LayerEffects(BaselineBlocks baseline)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        int heads = decoder.Shape.Heads,
            all = decoder.Shape.TotalHeads;
        var full = new AblationMask(HeadMasks.Full(all));
        var effects = new List<LayerEffect>();
        void Compare(int layer, torch.Tensor entering, torch.Tensor intact)
        {
            var without = new AblationMask(HeadMasks.Without(all, Enumerable.Range(layer * heads, heads)));
            torch.Tensor ablated = Layer(layer, entering, without, baseline); // [T, hidden]
            torch.Tensor change = (ablated - intact).abs().to(torch.ScalarType.Float64).cpu();
            effects.Add(
                new LayerEffect(
                    layer,
                    Largest(change.narrow(0, 0, prompt.SuffixStart)),
                    Largest(change.narrow(0, prompt.SuffixStart, prompt.SuffixLength)),
                    Largest(
                        intact
                            .narrow(0, prompt.SuffixStart, prompt.SuffixLength)
                            .abs()
                            .to(torch.ScalarType.Float64)
                            .cpu()
                    )
                )
            );
        }

        Run(full, baseline, Compare);
        return effects;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rotary.Dispose();
        embeddings.Dispose();
        image.Dispose();
        foreach (torch.Tensor added in deepStack)
        {
            added.Dispose();
        }
    }

    private static double Largest(torch.Tensor values)
    {
        using torch.Tensor largest = values.max();
        return largest.item<double>();
    }

    private torch.Tensor Attend(
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        AblationMask mask,
        KeyValueBlock? mean
    )
    {
        using var scope = torch.NewDisposeScope();
        int group = decoder.Shape.Group;
        torch.Tensor k = keys.repeat_interleave(group, 0); // [H, T, d]
        torch.Tensor v = values.repeat_interleave(group, 0);
        torch.Tensor q = queries.div(Scalars.Of(Math.Sqrt(decoder.Shape.ScoreScalar)));
        torch.Tensor ablated = Ablated(layer, mask, queries.device); // [H, T, P]
        // [H, T, T]
        torch.Tensor scores = q.bmm(k.transpose(1, 2));
        torch.Tensor own = scores.index_select(2, image);
        torch.Tensor instead = mean is null
            ? torch.full_like(own, Scalars.Of(double.NegativeInfinity))
            : q.bmm(mean.KeysByToken().repeat_interleave(group, 0).transpose(1, 2)); // [H, T, P]
        scores.index_copy_(2, image, torch.where(ablated, instead, own));
        torch.Tensor weights = scores.Plus(Unseen(layer, q)).softmax(-1);
        torch.Tensor moved = weights.index_select(2, image) * ablated; // [H, T, P], read from the baseline's values
        torch.Tensor heads = weights.bmm(v) - moved.bmm(v.index_select(1, image));
        return (
            mean is null ? heads : heads.Plus(moved.bmm(mean.Values.repeat_interleave(group, 0)))
        ).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Minus infinity where token i does not see token j, whatever is ablated: j after i, unless both are of one run of
    /// image tokens that see each other; j outside the layer's window.
    /// </summary>
    /// <returns>[T, T].</returns>
    private torch.Tensor Unseen(int layer, torch.Tensor like)
    {
        int t = prompt.Length;
        int? window = decoder.Shape.WindowOf(layer);
        float[] unseen = new float[t * t];
        for (int i = 0; i < t; i++)
        {
            for (int j = 0; j < t; j++)
            {
                bool after =
                    j > i
                    && !(
                        decoder.Shape.ImageSeesItself
                        && prompt.ImageRuns.Any(r => i >= r.Start && i < r.End && j >= r.Start && j < r.End)
                    );
                unseen[(i * t) + j] = after || i - j >= window ? float.NegativeInfinity : 0;
            }
        }

        return torch.tensor(unseen, [t, t], dtype: like.dtype, device: like.device);
    }

    /// <summary>1 - x_n u_i v_j for suffix queries; queries of prefix and image tokens are never touched.</summary>
    /// <returns>bool [H, T, P].</returns>
    private torch.Tensor Ablated(int layer, AblationMask mask, torch.Device device)
    {
        int heads = decoder.Shape.Heads,
            t = prompt.Length,
            p = prompt.ImageLength;
        bool[] ablated = new bool[heads * t * p];
        for (int head = 0; head < heads; head++)
        {
            bool x = HeadMasks.IsIntact(mask.Heads, (layer * heads) + head);
            for (int i = prompt.SuffixStart; i < t; i++)
            {
                bool u = mask.Text is null || HeadMasks.IsIntact(mask.Text, i - prompt.SuffixStart);
                for (int j = 0; j < p; j++)
                {
                    bool v = mask.Image is null || HeadMasks.IsIntact(mask.Image, j);
                    ablated[(((head * t) + i) * p) + j] = !(x && u && v);
                }
            }
        }

        return torch.tensor(ablated, [heads, t, p], dtype: torch.ScalarType.Bool, device: device);
    }
}

/// <summary>What ablating all heads of a layer changes in what leaves the layer.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Before">Largest absolute change at prefix and image tokens; must be 0.</param>
/// <param name="Suffix">Largest absolute change at suffix tokens; must not be 0.</param>
/// <param name="Scale">Largest absolute value at suffix tokens.</param>
public sealed record LayerEffect(int Layer, double Before, double Suffix, double Scale);
