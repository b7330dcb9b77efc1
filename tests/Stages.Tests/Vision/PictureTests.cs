using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Text;
using SkiaSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Vision;

/// <summary>Laws of pictures and their files.</summary>
public sealed class PictureTests
{
    [Property(MaxTest = 100)]
    public bool A_written_png_is_read_back_to_the_byte_and_written_the_same_again(int seed)
    {
        var picture = Pictures.Random(new Random(seed));
        byte[] png = PngWriter.Encode(picture);
        var read = PictureDecoder.Decode(png, "test.png");
        return (read.Width, read.Height) == (picture.Width, picture.Height)
            && read.Rgb.AsSpan().SequenceEqual(picture.Rgb)
            && PngWriter.Encode(read).AsSpan().SequenceEqual(png);
    }

    [Fact]
    public void A_written_jpeg_is_read_back_nearly()
    {
        var grey = new Picture(40, 24, [.. Enumerable.Range(0, 3 * 40 * 24).Select(i => (byte)(60 + (i / 60)))]);
        byte[] file = JpegWriter.Encode(grey, quality: 90);

        PictureFormats.Of(file).Should().Be(PictureFormat.Jpeg);
        var read = PictureDecoder.Decode(file, "test.jpg");
        (read.Width, read.Height).Should().Be((40, 24));
        read.Rgb.Zip(grey.Rgb).Should().OnlyContain(p => Math.Abs(p.First - p.Second) <= 6);
        JpegWriter.Encode(grey, quality: 90).Should().Equal(file);
    }

    [Property(MaxTest = 100)]
    public bool A_part_of_a_region_within_it_is_the_part(int seed)
    {
        var random = new Random(seed);
        PictureRegion Drawn()
        {
            double left = random.NextDouble() * 0.9,
                top = random.NextDouble() * 0.9;
            return new PictureRegion(
                left,
                top,
                left + 0.01 + (random.NextDouble() * (0.99 - left)),
                top + 0.01 + (random.NextDouble() * (0.99 - top))
            );
        }

        PictureRegion whole = Drawn(),
            part = Drawn(),
            again = whole.Part(part).Within(whole)!.Value;
        return Math.Abs(again.Left - part.Left) < 1e-9
            && Math.Abs(again.Top - part.Top) < 1e-9
            && Math.Abs(again.Right - part.Right) < 1e-9
            && Math.Abs(again.Bottom - part.Bottom) < 1e-9
            && new PictureRegion(2, 2, 3, 3).Within(whole) is null;
    }

    [Property(MaxTest = 200)]
    public bool A_crop_of_a_resize_equals_the_resize_cropped(int seed)
    {
        var random = new Random(seed);
        var picture = Pictures.Random(random);
        var filter = (ResizeFilter)random.Next(3);
        int width = random.Next(1, 60),
            height = random.Next(1, 60),
            left = random.Next(width),
            top = random.Next(height);
        int keptWidth = random.Next(1, width - left + 1),
            keptHeight = random.Next(1, height - top + 1);
        var whole = PilResize.Resize(picture, width, height, filter).Crop(left, top, keptWidth, keptHeight);
        return PilResize
            .ResizeCrop(picture, width, height, left, top, keptWidth, keptHeight, filter)
            .Rgb.AsSpan()
            .SequenceEqual(whole.Rgb);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(5, 5)]
    [InlineData(6, 8)]
    [InlineData(7, 7)]
    [InlineData(8, 6)]
    public void Turning_and_turning_back_changes_nothing(int orientation, int back)
    {
        var picture = Pictures.Random(new Random(orientation), 5, 3);
        var turned = picture.Turned((Orientation)orientation);
        turned.Rgb.Should().NotEqual(picture.Rgb);
        var again = turned.Turned((Orientation)back);
        (again.Width, again.Height).Should().Be((5, 3));
        again.Rgb.Should().Equal(picture.Rgb);
    }

    [Property(MaxTest = 1500)]
    public void Mutated_pictures_are_read_or_refused_within_memory(int seed)
    {
        var random = new Random(seed);
        byte[] file = Mutation.Of(random.Next(2) == 0 ? Pictures.Png : Pictures.Jpeg, random);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var picture = PictureDecoder.Decode(file, "test picture");
            picture.Rgb.Should().HaveCount(3 * picture.Width * picture.Height);
        }
        catch (InputException e)
        {
            e.Message.Should().StartWith("test picture: ");
        }

        (GC.GetAllocatedBytesForCurrentThread() - before)
            .Should()
            .BeLessThan((8L * PngFile.MaxPixelsPerByte * file.Length) + 1_000_000);
    }

    [Fact]
    public void A_small_file_that_promises_a_large_picture_is_refused_before_memory_is_taken()
    {
        byte[] png = [.. Pictures.Png];
        (png[16], png[17], png[18], png[19]) = (0, 0, 0x30, 0); // 12288 columns
        (png[20], png[21], png[22], png[23]) = (0, 0, 0x30, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Action decode = () => PictureDecoder.Decode(png, "bomb.png");
        decode
            .Should()
            .Throw<InputException>()
            .WithMessage("bomb.png: says it has 12288 x 12288 pixels, more than a file of * bytes can hold.*");
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1_000_000);
    }

    /// <summary>Image.alpha_composite of Pillow 11 on white, by hand for red (200, 10, 0).</summary>
    [Theory]
    [InlineData(255, 200, 10, 0)]
    [InlineData(0, 255, 255, 255)]
    [InlineData(128, 227, 132, 127)]
    [InlineData(1, 255, 254, 254)]
    public void A_transparent_picture_is_put_on_white_as_Pillow_does(byte alpha, byte red, byte green, byte blue)
    {
        var picture = new Picture(1, 1, [200, 10, 0]) { Alpha = [alpha] };
        picture.OnWhite().Rgb.Should().Equal(red, green, blue);
        picture.OnWhite().Alpha.Should().BeNull();
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        Action decode = () => PictureDecoder.Decode("/nowhere/cat.png");
        decode.Should().Throw<InputException>().WithMessage("/nowhere/cat.png: cannot be read*");
    }
}

/// <summary>Pictures made here.</summary>
internal static class Pictures
{
    public static byte[] Png { get; } = PngWriter.Encode(Random(new Random(1), 23, 17));

    public static byte[] Jpeg { get; } = MakeJpeg();

    public static Picture Random(Random random) => Random(random, random.Next(1, 40), random.Next(1, 40));

    public static Picture Random(Random random, int width, int height)
    {
        byte[] rgb = new byte[3 * width * height];
        random.NextBytes(rgb);
        return new Picture(width, height, rgb);
    }

    private static byte[] MakeJpeg()
    {
        using var bitmap = new SKBitmap(29, 19);
        bitmap.Erase(SKColors.CornflowerBlue);
        bitmap.SetPixel(3, 4, SKColors.Red);
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 80);
        return data.ToArray();
    }
}
