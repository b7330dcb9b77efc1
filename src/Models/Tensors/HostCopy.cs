using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// The way by which results leave a device. Each call waits until the device has done all that was asked of it, so a
/// batch of passes ends in one call and has none before: what a batch gives is read together.
/// </summary>
internal static class HostCopy
{
    /// <summary>The numbers of tensors of one device, in one transfer.</summary>
    /// <param name="parts">Any shapes and types.</param>
    /// <returns>Each row-major.</returns>
    public static double[][] Doubles(params torch.Tensor[] parts)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor[] flat = [.. parts.Select(part => part.detach().to(torch.ScalarType.Float64).reshape(-1))];
        double[] all = torch.cat(flat, 0).cpu().data<double>().ToArray();
        var found = new double[parts.Length][];
        int start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            int length = (int)flat[i].shape[0];
            found[i] = all.AsSpan(start, length).ToArray();
            start += length;
        }

        return found;
    }
}
