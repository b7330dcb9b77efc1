using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>A decoder of LLaVA-7B's shape with few layers and random float16 weights; in the caller's scope.</summary>
internal static class RandomDecoder
{
    private const int Image = 576;
    private const int Suffix = 23;

    /// <summary>The decoder.</summary>
    /// <param name="layers">Instead of 32.</param>
    /// <param name="rows">V.</param>
    /// <param name="linear">auto | torch | packed.</param>
    public static Decoder Llava7B(int layers, int rows, string linear) =>
        Of(new DecoderShape(layers, 32, 32, 128, 4096, 11008, rows, 1e-5, 10000, null, false, false), linear);

    /// <summary>One of InternVL2.5-1B's shape.</summary>
    /// <param name="layers">Instead of 24.</param>
    /// <param name="rows">V.</param>
    public static Decoder InternVl1B(int layers, int rows) =>
        Of(new DecoderShape(layers, 14, 2, 64, 896, 4864, rows, 1e-6, 1000000, null, false, false), "auto");

    private static Decoder Of(DecoderShape shape, string linear)
    {
        TorchNative.Touch();
        var arithmetic = Arithmetic.Resolve("cpu", "float32", linear, torch.ScalarType.Float16);
        torch.Tensor Random(int rows, int columns) => (torch.randn(rows, columns) * 0.02f).to(torch.ScalarType.Float16);
        ILinear LinearOf(torch.Tensor weight) =>
            arithmetic.Linear == LinearChoice.Packed
                ? new PackedLinear(weight, null)
                : new TorchLinear(weight.to(torch.ScalarType.Float32), null);
        ILinear Linear(int rows, int columns)
        {
            using torch.Tensor weight = Random(rows, columns);
            return LinearOf(weight);
        }

        RmsNorm Norm() => new(torch.ones(shape.Hidden), 1e-5, arithmetic.Linear);
        int h = shape.Hidden,
            i = shape.Intermediate,
            asked = shape.Heads * shape.HeadDim,
            kept = shape.KvHeads * shape.HeadDim;
        DecoderLayer[] stack =
        [
            .. Enumerable
                .Range(0, shape.Layers)
                .Select(_ => new DecoderLayer(
                    Norm(),
                    Linear(asked, h),
                    Linear(kept, h),
                    Linear(kept, h),
                    Linear(h, asked),
                    Norm(),
                    Linear(i, h),
                    Linear(i, h),
                    Linear(h, i)
                )),
        ];
        torch.Tensor embedding = Random(shape.VocabularyRows, h);
        return new Decoder(
            shape,
            arithmetic,
            embedding,
            stack,
            Norm(),
            new Unembedding(LinearOf(embedding), embedding, arithmetic)
        );
    }

    /// <summary>T = 23, P = 576, and tokens behind it.</summary>
    public static PromptTokens Prompt(IReadOnlyList<int> given, int image = Image) =>
        new PromptTokens("", [.. Enumerable.Repeat(1, 5 + image), .. Enumerable.Range(0, Suffix)], 5, image).FollowedBy(
            given
        );

    /// <summary>A picture of noise behind the prompt.</summary>
    public static PrefixCache Cache(Decoder decoder, PromptTokens prompt)
    {
        using torch.Tensor features = torch.randn(prompt.ImageLength, decoder.Shape.Hidden);
        return PrefixCache.Compute(decoder, prompt, TokenPositions.Sequential(prompt.Length), features);
    }
}
