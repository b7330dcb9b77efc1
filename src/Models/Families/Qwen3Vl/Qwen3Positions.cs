using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>
/// Learned positions of Qwen3-VL's patches: a square table that is stretched over the picture's grid, corner to corner,
/// and read between its four nearest entries.
/// </summary>
internal static class Qwen3Positions
{
    /// <summary>Positions of a picture's patches.</summary>
    /// <param name="table">[side * side, width], row by row.</param>
    /// <param name="side">Entries a side.</param>
    /// <param name="geometry">Grid of patches.</param>
    /// <returns>[patches, width], in merge order.</returns>
    public static torch.Tensor Of(torch.Tensor table, int side, QwenGeometry geometry)
    {
        using var scope = torch.NewDisposeScope();
        Place[] rows = Places(side, geometry.GridRows),
            columns = Places(side, geometry.GridColumns);
        (Place Row, Place Column)[] patches =
        [
            .. geometry.MergeOrder().Select(at => (rows[at.Row], columns[at.Column])),
        ];
        torch.Tensor Corner(Func<Place, (int At, float Share)> row, Func<Place, (int At, float Share)> column)
        {
            long[] entries = [.. patches.Select(p => ((long)row(p.Row).At * side) + column(p.Column).At)];
            float[] shares = [.. patches.Select(p => row(p.Row).Share * column(p.Column).Share)];
            torch.Tensor index = torch.tensor(entries, dtype: torch.ScalarType.Int64, device: table.device);
            torch.Tensor share = torch.tensor(shares).to(table.dtype, table.device).unsqueeze(1); // [patches, 1]
            return table.index_select(0, index).mul(share);
        }

        // summed in the order of the published code
        return Corner(r => r.Lower, c => c.Lower)
            .Plus(Corner(r => r.Lower, c => c.Upper))
            .Plus(Corner(r => r.Upper, c => c.Lower))
            .Plus(Corner(r => r.Upper, c => c.Upper))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Where the patches of one axis fall, the first and the last on the table's own.</summary>
    private static Place[] Places(int side, int patches)
    {
        // libtorch's own spacing, in float32 as the published code has it: near a whole number its rounding decides
        using torch.Tensor line = torch.linspace(0, side - 1, patches, dtype: torch.ScalarType.Float32);
        return
        [
            .. line.data<float>()
                .ToArray()
                .Select(at =>
                {
                    int lower = (int)at;
                    float upper = at - lower;
                    return new Place((lower, 1 - upper), (Math.Min(lower + 1, side - 1), upper));
                }),
        ];
    }

    /// <summary>The two entries that a patch lies between, with their shares.</summary>
    private readonly record struct Place((int At, float Share) Lower, (int At, float Share) Upper);
}
