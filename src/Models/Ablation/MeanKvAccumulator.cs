using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Averages the image tokens' keys and values over baseline pictures, in double, in the order they are added.
/// </summary>
public sealed class MeanKvAccumulator : IDisposable
{
    private readonly RopeOrder average;
    private readonly torch.Tensor keys; // [L, H_kv, P, d] float64
    private readonly torch.Tensor values;

    /// <summary>An empty sum.</summary>
    /// <param name="shape">The decoder's numbers.</param>
    /// <param name="imageLength">P.</param>
    /// <param name="average">Whether keys are averaged after or before rotary.</param>
    public MeanKvAccumulator(DecoderShape shape, int imageLength, RopeOrder average)
    {
        this.average = average;
        ImageLength = imageLength;
        long[] sizes = [shape.Layers, shape.KvHeads, imageLength, shape.HeadDim];
        keys = NativePages.Zeros(sizes, torch.ScalarType.Float64).DetachFromDisposeScope();
        values = NativePages.Zeros(sizes, torch.ScalarType.Float64).DetachFromDisposeScope();
    }

    /// <summary>P.</summary>
    public int ImageLength { get; }

    /// <summary>Pictures added.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a picture.</summary>
    /// <exception cref="ArgumentException">Another number of image tokens.</exception>
    public void Add(PrefixCache cache)
    {
        if (cache.Prompt.ImageLength != ImageLength)
        {
            throw new ArgumentException(
                $"the picture has {cache.Prompt.ImageLength} image tokens, not {ImageLength}",
                nameof(cache)
            );
        }

        using var noGradient = torch.no_grad();
        for (int layer = 0; layer < cache.Decoder.Shape.Layers; layer++)
        {
            using var scope = torch.NewDisposeScope();
            KeyValueBlock image = cache.Image(layer);
            torch.Tensor own = image.KeysByToken(); // [H_kv, P, d]
            torch.Tensor turned = average == RopeOrder.Before ? cache.ImageRotary[layer].Invert(own) : own;
            keys[layer].add_(turned.to(torch.ScalarType.Float64).cpu(), Scalars.One);
            values[layer].add_(image.Values.to(torch.ScalarType.Float64).cpu(), Scalars.One);
        }

        Count++;
    }

    /// <summary>The mean so far, rounded to float32 once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public Baseline.Mean ToBaseline()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("the mean of no picture");
        }

        return new Baseline.Mean(Rounded(MeanKeys), Rounded(MeanValues), average);
    }

    /// <summary>Whether keys are averaged after or before rotary.</summary>
    internal RopeOrder Average => average;

    /// <summary>[L, H_kv, P, d], of the keys and of the values.</summary>
    internal long[] Sizes => keys.shape;

    /// <summary>The mean of a layer's keys so far, rounded to float32 once: [H_kv, P, d], the caller's.</summary>
    internal torch.Tensor MeanKeys(int layer) => Mean(keys, layer);

    /// <inheritdoc cref="MeanKeys"/>
    internal torch.Tensor MeanValues(int layer) => Mean(values, layer);

    /// <inheritdoc/>
    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }

    private torch.Tensor Mean(torch.Tensor sum, int layer)
    {
        using var scope = torch.NewDisposeScope();
        return sum[layer].div(Scalars.Of(Count)).to(torch.ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>All layers, one after the other: quotients of all at once would take as much as the sums.</summary>
    private torch.Tensor Rounded(Func<int, torch.Tensor> mean)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor all = torch.empty(Sizes, dtype: torch.ScalarType.Float32);
        for (int layer = 0; layer < Sizes[0]; layer++)
        {
            using torch.Tensor of = mean(layer);
            using torch.Tensor place = all[layer];
            place.copy_(of);
        }

        return all.DetachFromDisposeScope();
    }
}
