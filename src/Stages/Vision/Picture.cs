namespace Pipelines.Stages.Vision;

/// <summary>A decoded picture.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">uint8 [height, width, 3], row-major.</param>
internal sealed record Picture(int Width, int Height, byte[] Rgb);
