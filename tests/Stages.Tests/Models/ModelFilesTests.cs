using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>What is read from a hub folder is part of the key: watched, not believed.</summary>
public sealed class ModelFilesTests
{
    public static TheoryData<string> Cases => [.. Golden.Cases().Select(Golden.NameOf)];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Every_file_that_is_opened_is_in_a_key(string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // inotify
        }

        using var golden = new GoldenCase(Golden.Case(name));
        string folder = Directory.CreateTempSubdirectory("pipelines-").FullName;
        try
        {
            foreach (string file in Directory.EnumerateFiles(golden.ModelFolder))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            using var watch = new Watch(folder);
            ModelInfo info = ModelInfo.Read(folder);
            ModelFolder.RequireUsable(info, ModelFiles.SmallNames);
            ImageTokenCounter.Read(info, golden.Image);
            using (
                VisionLanguageModel model = VisionLanguageModel.Load(
                    folder,
                    Arithmetic.Resolve("cpu", "float32", "torch", info.Stored),
                    golden.Image
                )
            )
            using (ImageFeatures features = model.Features(golden.Picture(0)))
            {
                model.Answer([.. model.Prompt(golden.Question, features.Tokens).Ids]);
            }

            string[] opened = [.. watch.Opened()];
            opened
                .Should()
                .Contain("config.json")
                .And.Contain(f => f.EndsWith(".safetensors"), "what is opened is seen");
            opened
                .Except(ModelFiles.Read(folder).SelectMany(p => p.Files).Select(f => Path.GetFileName(f)))
                .Should()
                .BeEmpty("{0} lists all that decides results", nameof(ModelFiles));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void A_part_of_the_key_has_the_files_that_are_there_each_once(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        var files = ModelFiles.Read(golden.ModelFolder).SelectMany(p => p.Files).ToList();
        files.Should().OnlyHaveUniqueItems().And.OnlyContain(f => File.Exists(f));
        ModelFiles.Candidates(golden.ModelFolder).Should().Contain(files, "what is read is looked at before");
    }

    /// <summary>Names of the files of a folder that this process, or any other, opens.</summary>
    private sealed class Watch : IDisposable
    {
        private const int NonBlocking = 0x800,
            NameAt = 16; // IN_NONBLOCK; struct inotify_event up to its name
        private const uint Open = 0x20; // IN_OPEN
        private readonly SafeFileHandle handle;

        public Watch(string folder)
        {
            handle = new SafeFileHandle(inotify_init1(NonBlocking), ownsHandle: true);
            handle.IsInvalid.Should().BeFalse();
            inotify_add_watch((int)handle.DangerousGetHandle(), Encoding.UTF8.GetBytes(folder + '\0'), Open)
                .Should()
                .BePositive();
        }

        public IReadOnlyCollection<string> Opened()
        {
            var names = new SortedSet<string>(StringComparer.Ordinal);
            byte[] buffer = new byte[1 << 16];
            for (long length; (length = read((int)handle.DangerousGetHandle(), buffer, buffer.Length)) > 0;)
            {
                for (int at = 0; at < length;)
                {
                    int bytes = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(at + NameAt - sizeof(int)));
                    string file = Encoding.UTF8.GetString(buffer, at + NameAt, bytes).TrimEnd('\0');
                    if (file.Length > 0)
                    {
                        names.Add(file);
                    }

                    at += NameAt + bytes;
                }
            }

            return names;
        }

        public void Dispose() => handle.Dispose();

#pragma warning disable IDE1006, CA5392, SYSLIB1054 // names of C
        [DllImport("libc")]
        private static extern int inotify_init1(int flags);

        [DllImport("libc")]
        private static extern int inotify_add_watch(int handle, byte[] path, uint mask);

        [DllImport("libc")]
        private static extern nint read(int handle, byte[] buffer, nint count);
#pragma warning restore IDE1006, CA5392, SYSLIB1054
    }
}
