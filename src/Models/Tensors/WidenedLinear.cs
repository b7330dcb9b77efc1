using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Tensors;

/// <summary>
/// libtorch's linear layer over the weights of a packed one, for gradients: they are widened to float32, exactly, for
/// each product and forgotten after it, so that no second copy of a model is held.
/// Results and gradients are those of <see cref="TorchLinear"/>, bit for bit. Autograd would keep what a product has
/// read until the backward pass, all layers' weights at once; the backward pass widens them
/// again instead.
/// </summary>
internal sealed class WidenedLinear : ILinear
{
    private readonly PackedLinear packed;
    private readonly torch.Tensor? bias; // [out]

    /// <summary>A view of a packed layer.</summary>
    /// <param name="packed">Must outlive this.</param>
    public WidenedLinear(PackedLinear packed)
    {
        this.packed = packed;
        bias = packed.Bias?.DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public long InFeatures => packed.InFeatures;

    /// <inheritdoc/>
    public long OutFeatures => packed.OutFeatures;

    /// <inheritdoc/>
    public torch.Tensor Forward(torch.Tensor x) =>
        torch.is_grad_enabled() && x.requires_grad ? Product.apply(x, this) : Apply(x);

    /// <inheritdoc/>
    public void Dispose() => bias?.Dispose();

    private torch.Tensor Apply(torch.Tensor x)
    {
        using torch.Tensor weight = packed.Widened(); // [out, in]
        return F.linear(x, weight, bias);
    }

    /// <summary>y = x W^T + b with dx = dy W; W wants no gradient.</summary>
    private sealed class Product : torch.autograd.SingleTensorFunction<Product>
    {
        private const string Layer = "layer";

        public override string Name => "widened-linear";

        public override torch.Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (WidenedLinear)vars[1];
            ctx.save_data(Layer, layer);
            return layer.Apply((torch.Tensor)vars[0]);
        }

        public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, torch.Tensor grad_output)
        {
            using torch.Tensor weight = ((WidenedLinear)ctx.get_data(Layer)).packed.Widened();
            return [grad_output.mm(weight), null!]; // the layer is no tensor
        }
    }
}
