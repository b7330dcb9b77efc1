using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

public sealed class FolderReaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_without_labels_gives_its_pictures_by_name()
    {
        folder.Touch("b.PNG", "a.jpeg", "c.jpg", ".hidden.jpg", "notes.txt", "deeper/d.jpg");

        PictureSet set = FolderReader.Read(folder.Root, null, 0.5);

        set.Candidates.Select(c => (c.SampleId, c.File, c.Category))
            .Should()
            .Equal(("a.jpeg", "a.jpeg", null), ("b.PNG", "b.PNG", null), ("c.jpg", "c.jpg", null));
        set.Notes.Should()
            .Equal("passed over 1 file that is no picture (notes.txt), 1 hidden file or folder, 1 folder");
    }

    [Fact]
    public void Pictures_without_a_label_are_left_out_but_stay_in_the_set()
    {
        folder.Touch("a.jpg", "b.jpg", "deeper/d.jpg");
        string labels = folder.Write(
            "labels.csv",
            "category,file,super_category\r\n\"red, \"\"old\"\" dog\",a.jpg,animal\r\n\r\ncat,deeper/d.jpg,\r\n"
        );

        PictureSet set = FolderReader.Read(folder.Root, labels, 0.5);

        set.Candidates.Select(c => (c.File, c.Category, c.SuperCategory))
            .Should()
            .Equal(("a.jpg", "red, \"old\" dog", "animal"), ("deeper/d.jpg", "cat", null));
        set.Pictures.Should().HaveCount(3);
        set.LeftOut.Should().Equal(("not labelled in labels.csv", 1));
    }

    [Theory]
    [InlineData("a.jpg", "./a.jpg")]
    [InlineData("./a.jpg", ".//a.jpg")]
    [InlineData("deeper/d.jpg", "deeper/./d.jpg")]
    public void One_picture_under_two_names_is_refused(string first, string second)
    {
        folder.Touch("a.jpg", "deeper/d.jpg");
        string labels = folder.Write("labels.csv", $"file,category\n{first},dog\n{second},dog\n");
        Action read = () => FolderReader.Read(folder.Root, labels, 0.5);

        read.Should()
            .Throw<InputException>()
            .WithMessage($"{labels}:3: '{second}' is labelled twice: it is '{first}', too.");
    }

    [Fact]
    public void A_picture_whose_label_spells_its_name_otherwise_is_in_the_set_once()
    {
        folder.Touch("a.jpg", "b.jpg", "deeper/d.jpg");
        string labels = folder.Write("labels.csv", "file,category\n./a.jpg,dog\n./deeper/d.jpg,cat\n");

        PictureSet set = FolderReader.Read(folder.Root, labels, 0.5);

        set.Pictures.Select(p => p.SampleId).Should().Equal("./a.jpg", "./deeper/d.jpg", "b.jpg");
        set.LeftOut.Should().Equal(("not labelled in labels.csv", 1));
        set.Notes.Should().BeEmpty();
    }

    [Theory]
    [InlineData("dog\0,animal", "category", "a NUL")]
    [InlineData("do\u001bg,animal", "category", "the control character U+001B")]
    [InlineData("dog,\0", "super_category", "a NUL")]
    public void A_control_character_in_a_category_is_refused(string row, string column, string what)
    {
        folder.Touch("a.jpg");
        string labels = folder.Write("labels.csv", $"file,category,super_category\na.jpg,{row}\n");
        Action read = () => FolderReader.Read(folder.Root, labels, 0.5);

        read.Should()
            .Throw<InputException>()
            .WithMessage($"{labels}:2: the {column} of 'a.jpg' holds {what}, which no answer has. Take it out.");
    }

    [Fact]
    public void Line_ends_and_tabs_in_a_category_are_blanks()
    {
        folder.Touch("a.jpg");
        string labels = folder.Write("labels.csv", "file,category\na.jpg,\"hot\n\tdog\"\n");

        FolderReader.Read(folder.Root, labels, 0.5).Categories.Should().Equal("hot\n\tdog");
    }

    [Fact]
    public void What_is_no_regular_file_is_not_opened_and_counted_unless_its_name_promises_a_picture()
    {
        folder.Touch("a.jpg");
        File.CreateSymbolicLink(Path.Combine(folder.Root, "zero"), "/dev/zero");
        File.CreateSymbolicLink(Path.Combine(folder.Root, "zero.png"), "/dev/zero");
        File.CreateSymbolicLink(Path.Combine(folder.Root, "loop.png"), Path.Combine(folder.Root, "loop.png"));

        PictureSet set = FolderReader.Read(folder.Root, null, 0.5);

        set.Candidates.Select(c => c.File).Should().Equal("a.jpg", "loop.png", "zero.png");
        set.Notes.Should().Equal("passed over 1 file that is no picture (zero)");
        Reason("zero.png").Should().Be("cannot be read (it is a character device, not a regular file).");
        Reason("loop.png").Should().Be("cannot be read (links lead from it in a circle).");
    }

    private string Reason(string name)
    {
        Action decode = () => Pipelines.Models.Vision.PictureDecoder.Decode(Path.Combine(folder.Root, name));
        return decode.Should().Throw<InputException>().Which.What;
    }

    [Fact]
    public void What_a_file_is_is_judged_by_its_content()
    {
        folder.Write("picture", Vision.Pictures.Png);
        folder.Write("photo.txt", Vision.Pictures.Jpeg);
        folder.Write("scan.data", "II*\0........");
        folder.Write("pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:1");
        folder.Touch("a.jfif", "b.webp", "c.JPE", "d.gif", "e.bmp", "empty", "Thumbs.db", ".DS_Store", "desktop.ini");
        folder.Write("page.html", "<html>");

        PictureSet set = FolderReader.Read(folder.Root, null, 0.5);

        set.Candidates.Select(c => c.File)
            .Should()
            .Equal("a.jfif", "b.webp", "c.JPE", "d.gif", "e.bmp", "photo.txt", "picture", "pointer", "scan.data");
        set.Notes.Should()
            .Equal(
                "passed over 4 files that are no pictures (Thumbs.db, desktop.ini, empty, …), 1 hidden file or folder"
            );
    }

    [Fact]
    public void A_name_that_is_not_UTF8_is_counted()
    {
        folder.Touch("a.jpg");
        Shell($"touch \"$(printf '{folder.Root}/\\377\\376.jpg')\"");

        PictureSet set = FolderReader.Read(folder.Root, null, 0.5);

        set.Candidates.Should().ContainSingle(c => c.File == "a.jpg");
        set.Notes.Should().Equal("passed over 1 file whose name is not UTF-8");
        Shell($"rm -r '{folder.Root}'/*"); // .NET cannot name the file
    }

    private static void Shell(string script)
    {
        using var shell = System.Diagnostics.Process.Start("sh", ["-c", script]);
        shell.WaitForExit();
        shell.ExitCode.Should().Be(0);
    }

    [Fact]
    public void Labelled_pictures_that_are_missing_are_left_out_up_to_the_share_that_may_be()
    {
        folder.Touch("a.jpg", "deeper/d.jpg");
        string labels = folder.Write("labels.csv", "file,category\na.jpg,dog\nb.jpg,cat\ndeeper/d.jpg,cow\n");

        PictureSet set = FolderReader.Read(folder.Root, labels, 0.5);

        set.Candidates.Select(c => (c.File, c.Gone))
            .Should()
            .Equal(("a.jpg", null), ("b.jpg", "the picture is not on disk"), ("deeper/d.jpg", null));
        set.Notes.Should().Equal("1 of 3 pictures is not on disk");
        FluentActions
            .Invoking(() => FolderReader.Read(folder.Root, labels, 0.3))
            .Should()
            .Throw<InputException>()
            .WithMessage(
                "*lacks 1 of the 3 pictures that *labels.csv names (33.3 %; data.missing allows 30 %); the first "
                    + "is 'b.jpg'*"
            );
    }

    [Theory]
    [InlineData("", ":1: the columns 'file' and 'category' are expected")]
    [InlineData(
        "file;category\na.jpg;dog",
        ":1: the columns 'file' and 'category' are expected in the first line, separated by commas. Semicolons found, "
            + "commas expected."
    )]
    [InlineData(
        "file\tcategory\na.jpg\tdog",
        ":1: the columns 'file' and 'category' are expected in the first line, separated by commas. Tabs found, commas "
            + "expected."
    )]
    [InlineData("file,category\na.jpg;dog", ":2: 2 columns are expected, found 1. Semicolons found, commas expected.")]
    [InlineData(
        "file,categry\na.jpg,dog",
        ":1: the columns 'file' and 'category' are expected in the first line, separated by commas. Did you mean "
            + "'category' in place of 'categry'?"
    )]
    [InlineData(
        "filename,label\na.jpg,dog",
        ":1: the columns 'file' and 'category' are expected in the first line, separated by commas. That line has "
            + "'filename' and 'label'."
    )]
    [InlineData(
        "file,category,supercategory\na.jpg,dog,x",
        ":1: the column 'supercategory' is not known. Did you mean 'super_category' in place of 'supercategory'?"
    )]
    [InlineData(
        "id,file,category\n1,a.jpg,dog",
        ":1: the column 'id' is not known. The columns are file, category and, where wanted, super_category"
    )]
    [InlineData("file,category,\na.jpg,dog,", ":1: column 3 has no name.")]
    [InlineData("file,category,category\na.jpg,dog,cat", ":1: the column 'category' stands there twice.")]
    [InlineData("file,category\n", "labels no picture")]
    [InlineData("file,category\na.jpg", ":2: 2 columns are expected, found 1")]
    [InlineData("file,category\na.jpg,dog,x", ":2: 2 columns are expected, found 3")]
    [InlineData("file,category\n\na.jpg, ", ":3: 'a.jpg' has no category")]
    [InlineData("file,category\na.jpg,dog\na.jpg,cat", ":3: 'a.jpg' is labelled twice")]
    [InlineData("file,category\n/etc/a.jpg,dog", ":2: '/etc/a.jpg' does not name a file below")]
    [InlineData("file,category\n\"a.jpg,dog\n\n", ":2: a quote is opened and never closed")]
    [InlineData("file,category\n\"a\nb.jpg\"c,dog", ":3: text follows a closing quote")]
    [InlineData("file,category\nmissing.jpg,dog", "lacks 1 of the 1 pictures")]
    public void Damaged_labels_say_what_and_where(string csv, string message)
    {
        folder.Touch("a.jpg");
        string labels = folder.Write("labels.csv", csv);

        FluentActions
            .Invoking(() => FolderReader.Read(folder.Root, labels, 0.5, Nearest.To))
            .Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Contain(message);
    }

    [Fact]
    public void Missing_and_empty_folders_are_named()
    {
        FluentActions
            .Invoking(() => FolderReader.Read(Path.Combine(folder.Root, "none"), null, 0.5))
            .Should()
            .Throw<InputException>()
            .WithMessage("*none: this folder of pictures does not exist*");
        FluentActions
            .Invoking(() => FolderReader.Read(folder.Root, null, 0.5))
            .Should()
            .Throw<InputException>()
            .WithMessage("*holds no picture (PNG, JPEG, WebP, GIF and BMP)*");
        folder.Touch("a.jpg");
        FluentActions
            .Invoking(() => FolderReader.Read(folder.Root, Path.Combine(folder.Root, "none.csv"), 0.5))
            .Should()
            .Throw<InputException>()
            .WithMessage("*none.csv: this file of labels does not exist*");
        folder.Write("latin1.csv", [(byte)'f', 0xe9]);
        FluentActions
            .Invoking(() => FolderReader.Read(folder.Root, Path.Combine(folder.Root, "latin1.csv"), 0.5))
            .Should()
            .Throw<InputException>()
            .WithMessage("*is not UTF-8*");
    }

    [Property(MaxTest = 300)]
    public void Any_text_as_labels_gives_an_error_or_a_set_and_nothing_else(string text, bool header)
    {
        folder.Touch("a.jpg");
        string labels = folder.Write("labels.csv", (header ? "file,category\n" : "") + text);
        try
        {
            FolderReader.Read(folder.Root, labels, 0.5);
        }
        catch (InputException e)
        {
            e.Message.Should().NotBeEmpty();
        }
    }
}
