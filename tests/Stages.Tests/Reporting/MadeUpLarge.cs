using Pipelines.Models.Vision;
using Pipelines.Stages.Reporting;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>
/// The report of the paper's size: 200 samples of a model with 32 layers of 32 heads and 24 x 24 image tokens, every
/// sample with a picture that is as hard to pack as a photograph.
/// </summary>
internal static class MadeUpLarge
{
    private const int Samples = 200,
        Masks = 200,
        Side = 320;

    /// <summary>The report.</summary>
    public static ReportData Of()
    {
        ReportData made = MadeUpReport.Of(32, 32, Samples, Masks);
        byte[][] photographs = [.. Enumerable.Range(0, 8).Select(Photograph)];
        int place = 0;
        ReportData data = made.EachSample(s =>
        {
            byte[] photograph = photographs[place++ % photographs.Length];
            return s with
            {
                Picture = PagePicture.Of(
                    photograph,
                    () => PictureDecoder.Decode(photograph, "made up"),
                    PagePicture.Large
                ),
                Thumbnail = PagePicture.Of(
                    photograph,
                    () => PictureDecoder.Decode(photograph, "made up"),
                    PagePicture.Small
                ),
            };
        });
        return data with { Tables = new MadeUpHeadAttention().AddTo(data.Tables, SampleResult.Of(data)) };
    }

    /// <summary>Colours that run into each other, under the noise of a camera.</summary>
    private static byte[] Photograph(int seed)
    {
        var random = new Random(seed);
        byte[] rgb = new byte[3 * Side * Side];
        for (int i = 0; i < rgb.Length; i++)
        {
            int pixel = i / 3;
            double wave = Math.Sin((pixel % Side * 0.11) + seed) * Math.Cos((pixel / Side * 0.07) + (i % 3));
            rgb[i] = (byte)Math.Clamp(128 + (90 * wave) + random.Next(-20, 21), 0, 255);
        }

        return PngWriter.Encode(new Picture(Side, Side, rgb));
    }
}
