using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Choosing by operators that libtorch has for every device, <c>meta</c> included, on which the tests look for tensors
/// of the wrong device: C++ libtorch has neither <c>where</c> nor <c>index_select</c> there.
/// </summary>
internal static class Selection
{
    /// <summary>The same bits as <c>index_select</c>.</summary>
    /// <param name="x">Any.</param>
    /// <param name="axis">The axis that is indexed.</param>
    /// <param name="index">int64 [n], on the device of <paramref name="x"/>.</param>
    public static torch.Tensor Taken(this torch.Tensor x, int axis, torch.Tensor index) =>
        x.index([.. Enumerable.Repeat(torch.TensorIndex.Colon, axis), torch.TensorIndex.Tensor(index)]);

    /// <summary>
    /// Element by element one of two tensors of finite numbers, the same bits as <c>where</c>: libtorch's lerp adds
    /// nothing to the end that a weight of 0 or 1 stands at, and does it in one pass.
    /// </summary>
    /// <param name="chosen">1 or 0 in the type of the two; is broadcast.</param>
    /// <param name="one">Where it is 1.</param>
    /// <param name="other">Where it is 0.</param>
    public static torch.Tensor OneOf(torch.Tensor chosen, torch.Tensor one, torch.Tensor other) =>
        other.lerp(one, chosen);
}
