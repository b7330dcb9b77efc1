using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>Tiles' features joined to one grid, and put behind the whole picture's.</summary>
internal static class AnyresFeatures
{
    /// <summary>The tensor of the newline token.</summary>
    public const string Newline = "image_newline";

    /// <summary>The tiles joined to one grid without its padding.</summary>
    /// <param name="tiles">[1 + tiles, g*g, hidden]: the whole picture first, then the tiles row by row.</param>
    /// <param name="geometry">How the picture was fitted.</param>
    /// <param name="g">Patches along a side of a tile.</param>
    /// <returns>[rows, columns, hidden].</returns>
    public static torch.Tensor Unpadded(torch.Tensor tiles, AnyresGeometry geometry, int g)
    {
        long hidden = tiles.shape[2];
        torch.Tensor joined = tiles
            .narrow(0, 1, tiles.shape[0] - 1)
            .view(geometry.TileRows, geometry.TileColumns, g, g, hidden)
            .permute(0, 2, 1, 3, 4)
            .reshape(geometry.TileRows * g, geometry.TileColumns * g, hidden);
        FeatureGrid kept = geometry.Unpadded(g);
        return joined.narrow(0, kept.Top, kept.Rows).narrow(1, kept.Left, kept.Columns);
    }

    /// <summary>The whole picture's features, then the grid's, a newline token behind each row.</summary>
    /// <param name="whole">[g*g, hidden].</param>
    /// <param name="grid">[rows, columns, hidden].</param>
    /// <param name="newline">[hidden].</param>
    /// <returns>[P, hidden].</returns>
    public static torch.Tensor Packed(torch.Tensor whole, torch.Tensor grid, torch.Tensor newline)
    {
        long rows = grid.shape[0],
            hidden = grid.shape[2];
        // [rows * (columns + 1), hidden]
        torch.Tensor lines = torch.cat([grid, newline.expand(rows, 1, hidden)], 1).view(-1, hidden);
        return torch.cat([whole, lines], 0);
    }
}
