using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>
/// A decoder of a published model's shape with few layers and random float16 weights; in the caller's scope. Shape
/// only: norms of queries and keys, windows and position streams of its family are left out.
/// </summary>
internal static class RandomDecoder
{
    /// <summary>The decoder.</summary>
    /// <param name="model">Whose shape.</param>
    /// <param name="layers">Instead of its own.</param>
    /// <param name="rows">V.</param>
    /// <param name="linear">auto | torch | packed.</param>
    public static Decoder Of(PublishedModel model, int layers, int rows, string linear)
    {
        TorchNative.Touch();
        return Of(
            model,
            layers,
            rows,
            Arithmetic.Resolve("cpu", "float32", linear, torch.ScalarType.Float16),
            torch.CPU
        );
    }

    /// <summary>The decoder on a device.</summary>
    /// <param name="model">Whose shape.</param>
    /// <param name="layers">Instead of its own.</param>
    /// <param name="rows">V.</param>
    /// <param name="arithmetic">Where and in which type it computes.</param>
    /// <param name="madeOn">Where the random numbers are drawn: on the CPU they are the same for every device.</param>
    public static Decoder Of(
        PublishedModel model,
        int layers,
        int rows,
        Arithmetic arithmetic,
        torch.Device madeOn
    )
    {
        DecoderShape shape = ShapeOf(model, layers, rows);
        ILinear LinearOf(torch.Tensor weight) =>
            arithmetic.Linear == LinearChoice.Packed
                ? new PackedLinear(weight, null)
                : new TorchLinear(weight.to(arithmetic.Compute, arithmetic.Device, copy: true), null);
        ILinear Linear(int outputs, int inputs)
        {
            using torch.Tensor weight = Weight(outputs, inputs, madeOn);
            return LinearOf(weight);
        }

        RmsNorm Norm() =>
            new(
                torch.ones(shape.Hidden, dtype: arithmetic.Compute, device: arithmetic.Device),
                1e-5,
                arithmetic.Linear
            );
        int h = shape.Hidden,
            i = shape.Intermediate;
        DecoderLayer[] stack =
        [
            .. Enumerable
                .Range(0, layers)
                .Select(_ => new DecoderLayer(
                    Norm(),
                    Linear(model.QueryWidth, h),
                    Linear(model.KeyWidth, h),
                    Linear(model.KeyWidth, h),
                    Linear(h, model.QueryWidth),
                    Norm(),
                    Linear(i, h),
                    Linear(i, h),
                    Linear(h, i)
                )),
        ];
        torch.Tensor embedding = Weight(rows, h, madeOn);
        return new Decoder(
            shape,
            arithmetic,
            embedding,
            stack,
            Norm(),
            new Unembedding(LinearOf(embedding), embedding, arithmetic)
        );
    }

    /// <summary>A published model's sizes.</summary>
    public static DecoderShape ShapeOf(PublishedModel model, int layers, int rows) =>
        new(
            layers,
            model.Heads,
            model.KvHeads,
            model.HeadDim,
            model.Hidden,
            model.Intermediate,
            rows,
            1e-5,
            10000,
            null,
            QkvBias: false,
            TiedHead: false
        );

    /// <summary>Random weights, float16.</summary>
    /// <returns>[outputs, inputs].</returns>
    public static torch.Tensor Weight(int outputs, int inputs, torch.Device? device = null)
    {
        // Cheaper than a normal distribution, and as good here
        using torch.Tensor wide = torch.rand(outputs, inputs, device: device);
        using torch.Tensor centred = wide.sub(Scalars.Of(0.5));
        using torch.Tensor small = centred.mul(Scalars.Of(0.07));
        return small.to(torch.ScalarType.Float16);
    }

    /// <summary>A prompt: prefix, P image tokens, T text tokens, and tokens behind it.</summary>
    /// <param name="image">P.</param>
    /// <param name="text">T.</param>
    /// <param name="given">Tokens behind it.</param>
    public static PromptTokens Prompt(int image, int text, IReadOnlyList<int> given)
    {
        const int before = 5;
        return new PromptTokens(
            "",
            [.. Enumerable.Repeat(1, before + image), .. Enumerable.Range(0, text)],
            before,
            image
        ).FollowedBy(given);
    }

    /// <summary>A picture of noise behind the prompt.</summary>
    public static PrefixCache Cache(Decoder decoder, PromptTokens prompt)
    {
        using torch.Tensor drawn = torch.randn(prompt.ImageLength, decoder.Shape.Hidden);
        using torch.Tensor features = drawn.to(decoder.Arithmetic.Compute, decoder.Arithmetic.Device, copy: true);
        return PrefixCache.Compute(decoder, prompt, TokenPositions.Sequential(prompt.Length), features);
    }
}
